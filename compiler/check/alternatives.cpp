// SPDX-License-Identifier: GPL-2.0-or-later
// The choice between alternatives; see alternatives.h.
#include "compiler/check/alternatives.h"

#include "compiler/program/capabilities.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

using Alternative = EitherStatement::Alternative;

/// "`observed-dns` is not declared" for each of what was passed over.
std::string why(const std::vector<std::string>& missing, const Alternative& chosen) {
  std::string text;
  for (const std::string& need : missing) {
    text += (text.empty() ? "" : ", ") + need + " is not declared";
  }
  if (chosen.needs) {
    text += (text.empty() ? "" : ", ") + chosen.needs->text + " is declared";
  } else if (text.empty()) {
    text = "it needs nothing";
  }
  return text;
}

}  // namespace

void check_either(const EitherStatement& either, Reporter& reporter) {
  const Alternative* last = nullptr;  // the first that is always met
  for (const Alternative& alternative : either.alternatives) {
    if (last) {
      reporter.warning(alternative.span,
                       {"unreachable-alternative",
                        "this alternative is never taken: the one before needs nothing"},
                       {{last->span, "it stands here"}});
    }
    if (!alternative.needs) {
      last = last ? last : &alternative;
      continue;
    }
    const Name& need = *alternative.needs;
    if (is_capability(need.text)) continue;
    const std::vector<std::string> known(capabilities.begin(), capabilities.end());
    reporter.error(need.span, {"unknown-capability", "there is no capability " + quote(need.text),
                               did_you_mean(need.text, known)});
  }
}

Chosen choose(const EitherStatement& either, const Capabilities& declared, Reporter& reporter) {
  Chosen chosen;
  std::vector<std::string> missing;
  for (const Alternative& alternative : either.alternatives) {
    if (alternative.needs && !declared.contains(alternative.needs->text)) {
      missing.push_back(alternative.needs->text);
      continue;
    }
    chosen.alternative = &alternative;
    chosen.choice.place = either.span.place();
    chosen.choice.title = alternative.title;
    chosen.choice.number =
        static_cast<std::uint32_t>(&alternative - either.alternatives.data()) + 1;
    chosen.choice.count = static_cast<std::uint32_t>(either.alternatives.size());
    chosen.choice.why = why(missing, alternative);
    return chosen;
  }
  std::string needs;
  for (const std::string& need : missing) needs += (needs.empty() ? "" : ", ") + quote(need);
  reporter.error(either.span,
                 {"unmet-needs", "no alternative is left: each of them needs what is not declared",
                  "declare it, if the gateway can do it: `capabilities` and one of " + needs});
  return chosen;
}

}  // namespace sallyport
