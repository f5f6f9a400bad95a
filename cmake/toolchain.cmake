# Compiler, warnings, linker and cache: everything that is the same for all targets.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

add_compile_options(
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wunused -Woverloaded-virtual
  -fstack-protector-strong -fno-omit-frame-pointer)
# Paths inside binaries and objects are relative: the same source gives the
# same bytes (and the same ccache key) wherever it is checked out.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_BUILD_TYPE MATCHES "Release|RelWithDebInfo")
  add_compile_definitions(_FORTIFY_SOURCE=2 _GLIBCXX_ASSERTIONS)
endif()
if(STRATUS_SANITIZE)
  add_compile_options(-fsanitize=${STRATUS_SANITIZE} -fno-sanitize-recover=all)
  # The checks that double g++'s compile time; clang's build has them all.
  if(STRATUS_NO_SANITIZE)
    add_compile_options(-fno-sanitize=${STRATUS_NO_SANITIZE})
  endif()
  add_link_options(-fsanitize=${STRATUS_SANITIZE})
endif()

# Saves a third of the CPU of a build from nothing. Worktrees that share a compiler cache build without, because what is
# precompiled names its place.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  option(STRATUS_PCH "Precompiled headers" ON)
endif()
if(STRATUS_PCH)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # so that ccache knows it again
endif()

# Eight sources of a target as one translation unit: half of the CPU of a build from nothing, because what they include is
# read and made from templates once. Names of unnamed namespaces must not collide. The presets "dev" (for editing) and "gcc"
# compile each source alone (docs/adr/0011-sources-compiled-together.md).
option(STRATUS_UNITY "Compile several sources of a target as one" ON)
set(CMAKE_UNITY_BUILD ${STRATUS_UNITY})
add_compile_options(-Werror=unused-function)  # a neighbour's overload took its place
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)

find_program(STRATUS_CCACHE ccache)
if(STRATUS_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${STRATUS_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${STRATUS_CCACHE})
endif()
find_program(STRATUS_MOLD mold)
if(STRATUS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
