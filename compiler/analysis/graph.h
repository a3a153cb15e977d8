// SPDX-License-Identifier: GPL-2.0-or-later
// A Program as a picture: zones -> vendors -> endpoints, with the services on the edges. Entry
// point: graph_of().
#pragma once

#include <string>

#include "compiler/program/program.h"

namespace sallyport {

/// Text in the DOT language of Graphviz. Rules are drawn as written; denies are dashed. Endpoints
/// with the same rules are one node; of many, a few are named. The same Program gives the same
/// text.
std::string graph_of(const Program& program);

}  // namespace sallyport
