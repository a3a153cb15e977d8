// SPDX-License-Identifier: GPL-2.0-or-later
// The Image section of a bundle: an Image as bytes and back.
#pragma once

#include <optional>

#include "compiler/image/byte_stream.h"
#include "compiler/image/image.h"

namespace sallyport {

void write_image(ByteWriter& out, const Image& image);

/// Empty if the bytes are not exactly one encoded Image. Whether its indices are in range is for
/// image_fault() to say.
std::optional<Image> read_image(ByteReader& in);

}  // namespace sallyport
