// SPDX-License-Identifier: GPL-2.0-or-later
// One reader for each parameter type; lists are read element by element.
#include "compiler/check/parameters.h"

#include <algorithm>
#include <optional>

#include "compiler/check/written.h"
#include "compiler/source/wording.h"

namespace sallyport {
namespace {

using Type = ParamStatement::Type;

Reading<std::string> read_label(std::string_view text) {
  if (!HostName::is_label(text)) {
    return std::unexpected(Complaint{
        "wrong-type", quote(text) + " is no label: letters, digits and inner hyphens, at most 63"});
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

Reading<std::string> read_port(std::string_view text) {
  const auto ports = read_ports(text);
  if (!ports || ports->first != ports->last) {
    return std::unexpected(
        Complaint{"wrong-type", quote(text) + " is no port: a number from 1 to 65535"});
  }
  return std::string(text);
}

Reading<std::string> read_choice(const ParamStatement& param, std::string_view text) {
  std::vector<std::string> choices;
  for (const Name& choice : param.choices) {
    if (choice.text == text) return std::string(text);
    choices.push_back(choice.text);
  }
  return std::unexpected(Complaint{"wrong-type", quote(text) + " is none of the choices",
                                   did_you_mean(text, choices)});
}

template <class T>
Reading<std::string> text_of(const Reading<T>& reading) {
  if (!reading) return std::unexpected(reading.error());
  return reading->text();
}

/// The canonical text of one element.
Reading<std::string> read_element(const ParamStatement& param, std::string_view text) {
  switch (param.type) {
    case Type::label:
      return read_label(text);
    case Type::host:
      return text_of(read_host(text));
    case Type::cidr:
      return text_of(read_range(text));
    case Type::port:
      return read_port(text);
    case Type::one_of:
      return read_choice(param, text);
  }
  return std::string(text);
}

std::string element_type_text(const ParamStatement& param) {
  switch (param.type) {
    case Type::label:
      return "label";
    case Type::host:
      return "host";
    case Type::cidr:
      return "cidr";
    case Type::port:
      return "port";
    case Type::one_of:
      break;
  }
  std::string text = "one of ";
  for (const Name& choice : param.choices) {
    if (&choice != &param.choices.front()) text += " | ";
    text += choice.text;
  }
  return text;
}

Note declaration_of(const ParamStatement& param) {
  return {param.name.span, quote(param.name.text) + " is " + type_text(param)};
}

std::string sample_text(const ParamStatement& param, std::size_t choice, std::size_t element) {
  const std::string number = std::to_string(element + 1);
  switch (param.type) {
    case Type::label:
      return "sample" + number;
    case Type::host:
      return "sample" + number + ".example.net";
    case Type::cidr:
      return element == 0 ? "192.0.2.0/24" : "198.51.100.0/24";
    case Type::port:
      return number;
    case Type::one_of:
      return param.choices.empty() ? std::string()
                                   : param.choices[choice % param.choices.size()].text;
  }
  return {};
}

/// `all` for a list of choices: each of them, in the order of the declaration.
std::optional<Term> every_choice(const ParamStatement& param, const Value& value) {
  const bool says_all = !value.is_list && value.words.size() == 1 && value.words[0].is_literal() &&
                        value.words[0].pieces[0].text == "all";
  if (!says_all || !param.is_list || param.type != Type::one_of) return {};
  Term term{.is_list = true};
  for (const Name& choice : param.choices) term.texts.push_back(choice.text);
  return term;
}

/// Of choices a list of several has all.
Term sample_term(const ParamStatement& param, std::size_t choice, std::size_t elements) {
  Term term{.is_list = param.is_list};
  std::size_t count = param.is_list ? elements : 1;
  if (count > 1 && param.type == Type::one_of) count = param.choices.size();
  for (std::size_t element = 0; element < count; ++element) {
    term.texts.push_back(sample_text(param, choice + element, element));
  }
  return term;
}

}  // namespace

std::string type_text(const ParamStatement& param) {
  const std::string element = element_type_text(param);
  if (param.is_list) return "a list of " + element;
  return param.type == Type::one_of ? element : "a " + element;
}

Term read_value(const ParamStatement& param, const Value& value, Reporter& reporter) {
  if (auto all = every_choice(param, value)) return std::move(*all);
  const Terms nothing;
  Term term{.is_list = param.is_list};
  bool sound = true;
  for (const Word& word : value.words) {
    const auto texts = nothing.expand(word, reporter);
    if (!texts) {
      sound = false;
      continue;
    }
    for (const std::string& text : *texts) {
      auto element = read_element(param, text);
      if (!element) {
        reporter.error(word.span, element.error(), {declaration_of(param)});
        sound = false;
        break;
      }
      if (param.type == Type::host && is_international(text)) {
        reporter.warning(word.span, {"converted-name",
                                     quote(text) + " is looked up as " + quote(*element),
                                     {"write " + quote(*element), {{text, *element}}}});
      }
      term.texts.push_back(std::move(*element));
    }
  }
  if (sound && value.is_list && !param.is_list) {
    Hint hint;
    if (value.words.size() == 1) {
      const std::string only(value.words.front().span.text());
      hint = {"write " + quote(only), {{std::string(value.span.text()), only, {}, true}}};
    }
    reporter.error(value.span, {"wrong-type", "a list is given where one value is expected", hint},
                   {declaration_of(param)});
    sound = false;
  }
  if (sound && !param.is_list && term.texts.size() != 1) {
    reporter.error(
        value.span,
        {"wrong-type", quote(value.span.text()) + " stands for " +
                           std::to_string(term.texts.size()) + " values where one is expected"},
        {declaration_of(param)});
    sound = false;
  }
  if (sound && param.is_list && !value.is_list) {
    const std::string written = "[" + std::string(value.span.text()) + "]";
    Hint hint{"write " + quote(written), {{std::string(value.span.text()), written, {}, true}}};
    if (param.type == Type::one_of) {
      hint.rewrites.push_back(
          {std::string(value.span.text()), "all", "write `all` for every choice"});
    }
    reporter.error(value.span,
                   {"wrong-type", "one value is given where a list is expected", std::move(hint)},
                   {declaration_of(param)});
    sound = false;
  }
  if (!sound) return {.fault = Fault{}};
  return term;
}

Term default_value(const ParamStatement& param) {
  if (!param.default_value) {
    return {.fault = Fault{
                Complaint{"missing-parameter",
                          "the parameter " + quote(param.name.text) + " has no value",
                          "write " + quote(param.name.text + " = ...") + " in the parentheses"},
                {},
                declaration_of(param)}};
  }
  Diagnostics said_with_the_vendor;
  Reporter silent(said_with_the_vendor);
  return read_value(param, *param.default_value, silent);
}

std::vector<std::vector<Term>> sample_values(const std::vector<ParamStatement>& params) {
  std::vector<Term> first;
  std::vector<Term> lists_of_two;
  for (const ParamStatement& param : params) {
    first.push_back(sample_term(param, 0, 1));
    lists_of_two.push_back(sample_term(param, 0, 2));
  }
  std::vector<std::vector<Term>> samples{first};
  for (std::size_t i = 0; i < params.size(); ++i) {
    for (std::size_t choice = 1; choice < params[i].choices.size(); ++choice) {
      samples.push_back(first);
      samples.back()[i] = sample_term(params[i], choice, 1);
    }
  }
  const bool has_lists =
      std::ranges::any_of(params, [](const ParamStatement& param) { return param.is_list; });
  if (has_lists) samples.push_back(lists_of_two);
  return samples;
}

}  // namespace sallyport
