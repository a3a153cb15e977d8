// SPDX-License-Identifier: GPL-2.0-or-later
// The public suffix list as built into libpsl, and a short list of our own for what it does not
// tell: whose a suffix is, and whether its customers share addresses.
#include "compiler/lint/shared_suffixes.h"

#include <libpsl.h>

#include <algorithm>
#include <iterator>

namespace sallyport {
namespace {

// From the documentation of each service: its customers get a name below the domain. In the order
// of the alphabet.
constexpr SharedSuffix shared_suffixes[] = {
    {"akamaiedge.net", "Akamai", true},  // edge host names, Akamai TechDocs
    {"akamaihd.net", "Akamai", true},    // edge host names, Akamai TechDocs
    {"akamaized.net", "Akamai", true},   // edge host names, Akamai TechDocs
    {"appspot.com", "Google App Engine", true},
    {"awsglobalaccelerator.com", "AWS Global Accelerator", false},  // two addresses a customer
    {"azureedge.net", "Azure CDN", true},
    {"azurefd.net", "Azure Front Door", true},
    {"azurewebsites.net", "Azure App Service", true},
    {"b-cdn.net", "bunny.net", true},
    {"blob.core.windows.net", "Azure Blob Storage", true},  // storage accounts share a stamp
    {"cloudapp.azure.com", "Azure virtual machines", false},
    {"cloudapp.net", "Azure cloud services", false},
    {"cloudfront.net", "Amazon CloudFront", true},
    {"cloudfunctions.net", "Google Cloud Functions", true},
    {"digitaloceanspaces.com", "DigitalOcean Spaces", true},
    {"edgekey.net", "Akamai", true},    // edge host names, Akamai TechDocs
    {"edgesuite.net", "Akamai", true},  // edge host names, Akamai TechDocs
    {"elb.amazonaws.com", "AWS Elastic Load Balancing", false},
    {"fastly.net", "Fastly", true},
    {"fastlylb.net", "Fastly", true},
    {"firebaseapp.com", "Firebase Hosting", true},
    {"fly.dev", "Fly.io", true},
    {"github.io", "GitHub Pages", true},
    {"herokuapp.com", "Heroku", true},
    {"llnwd.net", "Edgio", true},
    {"netlify.app", "Netlify", true},
    {"ondigitalocean.app", "DigitalOcean App Platform", true},
    {"onrender.com", "Render", true},
    {"pages.dev", "Cloudflare Pages", true},
    {"r2.dev", "Cloudflare R2", true},
    {"run.app", "Google Cloud Run", true},
    {"s3.amazonaws.com", "Amazon S3", true},
    {"servicebus.windows.net", "Azure Service Bus and Relay", false},
    {"storage.googleapis.com", "Google Cloud Storage", true},
    {"trafficmanager.net", "Azure Traffic Manager", false},
    {"vercel.app", "Vercel", true},
    {"web.app", "Firebase Hosting", true},
    {"web.core.windows.net", "Azure Storage websites", true},
    {"workers.dev", "Cloudflare Workers", true},
};

bool is_below(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() + 1 && name.ends_with(domain) &&
         name[name.size() - domain.size() - 1] == '.';
}

}  // namespace

const SharedSuffix* find_shared_within(std::string_view domain) {
  const auto found = std::ranges::find_if(shared_suffixes, [&](const SharedSuffix& shared) {
    return shared.domain == domain || is_below(shared.domain, domain);
  });
  return found == std::end(shared_suffixes) ? nullptr : &*found;
}

const SharedSuffix* shared_above(std::string_view name) {
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
       dot = name.find('.', dot + 1)) {
    const std::string_view domain = name.substr(dot + 1);
    const auto found = std::ranges::lower_bound(shared_suffixes, domain, {}, &SharedSuffix::domain);
    if (found != std::end(shared_suffixes) && found->domain == domain) return &*found;
  }
  return nullptr;
}

// A domain that no rule of the list speaks of is no suffix here, whatever its length.
bool is_public_suffix(std::string_view domain) {
  return psl_is_public_suffix2(psl_builtin(), std::string(domain).c_str(),
                               PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

bool is_private_suffix(std::string_view domain) {
  return psl_is_public_suffix2(psl_builtin(), std::string(domain).c_str(),
                               PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE) != 0;
}

}  // namespace sallyport
