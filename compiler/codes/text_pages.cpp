// SPDX-License-Identifier: GPL-2.0-or-later
// Pages about characters, words and the shape of statements. Entry point: text_pages().
#include "compiler/codes/families.h"

namespace sallyport {
namespace {

constexpr CodePage pages[] = {
    {"bad-character", Severity::error, "a byte or character that policy text may not contain",
     R"(
policy office {
  allow tcp 443 to a.example.com;
}
)",
     R"(
Policy text is UTF-8 without control characters and without characters that
look like others or like nothing: what a reviewer sees is what is compiled.
Statements need no mark at their end, and strings stand in double quotes.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"bad-date", Severity::error, "a date that is not YYYY-MM-DD, or not in the calendar",
     R"(
vendor acme {
  source "Acme network requirements" seen 17.05.2024
  part core { allow tcp 443 to a.example.com }
}
)",
     R"(
Dates are written in one way, so that nobody has to guess which number is the
month: four digits of the year, two of the month, two of the day.
)",
     R"(
vendor acme {
  source "Acme network requirements" seen 2024-05-17
  part core { allow tcp 443 to a.example.com }
}
)"},
    {"bad-escape", Severity::error,
     "a backslash in a string before anything but a quote or a backslash",
     R"(
vendor acme "Acme\nCloud" {
  part core { allow tcp 443 to a.example.com }
}
)",
     R"(
A string stands on one line; `\"` and `\\` are its only escapes. Another one
would be dropped or kept by mistake, so it is refused.
)",
     R"(
vendor acme "Acme \"Cloud\"" {
  part core { allow tcp 443 to a.example.com }
}
)"},
    {"bad-expansion", Severity::error,
     "an expansion whose ends do not fit each other, are reversed or too far apart",
     R"(
policy office {
  allow tcp 443 to gate{20..1}.example.com
}
)",
     R"(
`{1..20}` stands for every number from 1 to 20, `{a..d}` for four letters. The
smaller end comes first, numbers have no leading zeros, and at most 4096 words
come out of one word. An expansion that runs the wrong way would stand for
nothing.
)",
     R"(
policy office {
  allow tcp 443 to gate{1..20}.example.com
}
)"},
    {"bad-name", Severity::error, "a word that cannot be a name",
     R"(
zone staff:first = 10.20.0.0/16
)",
     R"(
Names of zones, vendors, parts, parameters and policies have letters, digits,
`-` and `_`. The word `any` names no zone: it means every local address.
)",
     R"(
zone staff-first = 10.20.0.0/16
)"},
    {"misplaced-statement", Severity::error, "a statement in a block where it cannot stand",
     R"(
zone staff = 10.20.0.0/16
from staff allow tcp 443 to a.example.com
)",
     R"(
Every statement has its home: rules stand in a policy or in a vendor's part,
parameters in a vendor, zones at the top of a file. A missing brace further up
often is the reason.
)",
     R"(
zone staff = 10.20.0.0/16
policy office {
  from staff allow tcp 443 to a.example.com
}
)"},
    {"repeated-modifier", Severity::error, "a modifier written twice on one rule",
     R"(
policy office {
  allow tcp 443 to intranet.example.com private ok private ok
}
)",
     R"(
Each modifier stands once on a rule. The second one says nothing, and where it
takes a value it would contradict the first.
)",
     R"(
policy office {
  allow tcp 443 to intranet.example.com private ok
}
)"},
    {"too-many-errors", Severity::error, "the file has so many errors that reading it stopped", "",
     R"(
After a hundred errors in one file reading stops: what follows is mostly noise.
Mend the first ones and check again. The file may not be a policy at all.
)",
     ""},
    {"unexpected-token", Severity::error, "something else was expected at this place",
     R"(
policy office {
  allow tcp 443 a.example.com
}
)",
     R"(
The statement is not complete, or its pieces are not in the order of the
grammar: `allow SERVICES to DESTINATIONS`, `use VENDOR.PART(NAME = VALUE)`,
`zone NAME = ADDRESSES`. policies/LANGUAGE.md has the whole grammar.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"unknown-statement", Severity::error, "a word at the start of a statement that starts none",
     R"(
policy office {
  alow tcp 443 to a.example.com
}
)",
     R"(
Every statement begins with its keyword. A misspelt one is the usual reason; a
list that lost its comma at the end of a line is the other.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com,
                   b.example.com
}
)"},
    {"unterminated-block", Severity::error, "a block without its closing brace",
     R"(
policy office {
  allow tcp 443 to a.example.com
)",
     R"(
The block was still open where the file ended, or where a statement began that
cannot stand inside of it.
)",
     R"(
policy office {
  allow tcp 443 to a.example.com
}
)"},
    {"unterminated-string", Severity::error, "a string without its closing quote on the same line",
     R"(
vendor acme "Acme Cloud {
  part core { allow tcp 443 to a.example.com }
}
)",
     R"(
A string ends on the line on which it began, so that a forgotten quote cannot
swallow the rules behind it.
)",
     R"(
vendor acme "Acme Cloud" {
  part core { allow tcp 443 to a.example.com }
}
)"},
};

}  // namespace

std::span<const CodePage> text_pages() {
  return pages;
}

}  // namespace sallyport
