// SPDX-License-Identifier: GPL-2.0-or-later
// Our values as the JSON of the protocol, and back.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compiler/lsp/complete.h"
#include "compiler/lsp/hover.h"
#include "compiler/lsp/text.h"
#include "compiler/lsp/workspace.h"

namespace sallyport::lsp {

using Json = nlohmann::json;

/// Error codes of JSON-RPC 2.0 and LSP 3.17.
enum class ErrorCode : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  not_initialized = -32002,
};

struct Failure {
  ErrorCode code;
  std::string message;
};

using Answer = std::expected<Json, Failure>;

Json json_of(Position position);
Json json_of(Range range);
Json json_of(const Location& location);
Json json_of(const Edit& edit);
Json json_of(const Diagnostic& diagnostic, const Workspace& workspace);
Json json_of(const Completion& completion, Range replaced);
/// The declarations of the document, parts inside vendors.
Json outline(const Document& document);

/// These throw nlohmann's exceptions if the JSON is not as the protocol says.
Position position_of(const Json& json);
Range range_of(const Json& json);

}  // namespace sallyport::lsp
