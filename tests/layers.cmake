# SPDX-License-Identifier: GPL-2.0-or-later
# The layers point one way: greps every #include of ours against the table below (DESIGN section 2). Run by ctest
# as `layers`: cmake -DROOT=<source> -P layers.cmake
cmake_minimum_required(VERSION 3.25)

# folder -> the folders (or files) it may include beside itself
set(may_compiler_values "")
set(may_compiler_source "")
set(may_compiler_codes compiler/source)
set(may_compiler_feeds compiler/values)
set(may_compiler_syntax compiler/source compiler/values)
set(may_compiler_format compiler/syntax compiler/source)
set(may_compiler_program compiler/source/source.h compiler/values bpf/abi.h)
set(may_compiler_image compiler/program compiler/source/source.h compiler/values bpf/abi.h)
set(may_compiler_label compiler/program compiler/image compiler/values bpf/abi.h)
set(may_compiler_nft compiler/label compiler/image compiler/program compiler/values bpf/abi.h)
set(may_compiler_testing compiler/program compiler/source/source.h compiler/values bpf/abi.h)
set(may_compiler_analysis compiler/program compiler/source/source.h compiler/values)
set(may_compiler_import compiler/feeds compiler/source compiler/values)
set(may_compiler_check compiler/syntax compiler/source compiler/program compiler/testing compiler/feeds compiler/values)
set(may_compiler_lint compiler/check compiler/testing compiler/feeds compiler/codes compiler/syntax compiler/source compiler/program compiler/values)
set(may_compiler_driver compiler)
set(may_compiler_lsp compiler)
set(may_runtime compiler/image compiler/label compiler/nft compiler/program compiler/source/source.h compiler/values bpf/abi.h)
# Tools ask the driver; what they show of Program and Image they read, but they neither parse nor check.
set(may_tools compiler/driver compiler/analysis compiler/import compiler/feeds compiler/program compiler/image compiler/label compiler/nft compiler/source compiler/testing
    compiler/values compiler/codes compiler/format compiler/lsp runtime bpf/abi.h)
set(may_bpf "")

set(faults 0)
set(seen 0)
foreach(folder compiler/values compiler/source compiler/codes compiler/feeds compiler/syntax compiler/format
        compiler/program compiler/image compiler/label compiler/nft compiler/analysis compiler/import compiler/testing
        compiler/check compiler/lint compiler/driver compiler/lsp runtime tools bpf)
  string(REPLACE "/" "_" key ${folder})
  file(GLOB files ${ROOT}/${folder}/*.h ${ROOT}/${folder}/*.cpp ${ROOT}/${folder}/*.c)
  foreach(file ${files})
    file(STRINGS ${file} includes REGEX "^#include \"")
    foreach(line ${includes})
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" included ${line})
      math(EXPR seen "${seen} + 1")
      set(allowed FALSE)
      foreach(may ${folder} ${may_${key}})
        if(included STREQUAL may OR included MATCHES "^${may}/")
          set(allowed TRUE)
        endif()
      endforeach()
      # The generated skeleton of the datapath belongs to the runtime.
      if(folder STREQUAL runtime AND included STREQUAL "xdp.skel.h")
        set(allowed TRUE)
      endif()
      if(NOT allowed)
        file(RELATIVE_PATH name ${ROOT} ${file})
        message(SEND_ERROR "${name} includes ${included}: ${folder} may include only itself and: ${may_${key}}")
        math(EXPR faults "${faults} + 1")
      endif()
    endforeach()
  endforeach()
endforeach()

# bpf/abi.h is read by C and C++ alike and stands on nothing of ours.
file(STRINGS ${ROOT}/bpf/abi.h own REGEX "^#include \"")
if(own)
  message(SEND_ERROR "bpf/abi.h includes ${own}: it may include nothing of ours")
endif()
if(seen LESS 50)
  message(SEND_ERROR "only ${seen} includes were seen under ${ROOT}: the test looks in the wrong place")
endif()
message(STATUS "${seen} includes follow the layers")

# The top level holds what was agreed and nothing else.
file(GLOB top RELATIVE ${ROOT} ${ROOT}/*)
foreach(entry ${top})
  if(NOT entry MATCHES "^(\\..*|CMakeLists.txt|LICENSE|README.md|bpf|compiler|policies|runtime|tests|tools|build.*)$")
    message(SEND_ERROR "${entry} is not on the list of the top level")
  endif()
endforeach()
