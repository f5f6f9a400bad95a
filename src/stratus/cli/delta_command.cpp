#include "stratus/cli/delta_command.hpp"

#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stratus/base/file.hpp"
#include "stratus/base/program_pages.hpp"
#include "stratus/delta/recipe.hpp"
#include "stratus/oci/tar_writer.hpp"
#include "stratus/oci/tree_scan.hpp"
#include "stratus/oci/unpack.hpp"

namespace stratus::cli {
namespace {

namespace fs = std::filesystem;

// A file or tree beside `path` that is removed unless it is kept.
class Scratch {
 public:
  explicit Scratch(const fs::path& path) : path_(path.string() + fmt::format(".partial-{}", ::getpid())) {}
  ~Scratch() {
    if (!kept_) static_cast<void>(remove_tree(path_));
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const fs::path& path() const { return path_; }
  Result<void> keep_as(const fs::path& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0)
      return fail(Error::from_errno("rename to " + path.string()));
    kept_ = true;
    return {};
  }

 private:
  fs::path path_;
  bool kept_ = false;
};

bool is_a_directory(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// A tar if it is one, else one file under its name.
Result<std::unique_ptr<delta::FileTree>> open_base(const fs::path& path) {
  if (is_a_directory(path)) return delta::open_directory_tree(path);
  auto tar = delta::open_tar_tree({path});
  if (tar || tar.error().code() == ErrorCode::not_found || tar.error().code() == ErrorCode::denied)
    return tar;
  return delta::open_single_file_tree(path);
}

// The directory as a tar; the same directory gives the same bytes.
Result<void> write_tar(const fs::path& directory, const fs::path& tar) {
  oci::ScanOptions options;
  options.policy.keep_devices = true;
  STRATUS_TRY(scanned, oci::scan_directory(directory, options));
  STRATUS_TRY(file, open_file(tar, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  Bytes buffer;
  const auto flush = [&]() -> Result<void> {
    STRATUS_CHECK(write_all(file.get(), buffer));
    buffer.clear();
    return {};
  };
  oci::TarWriter writer([&](BytesView bytes) -> Result<void> {
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
    return buffer.size() < (1u << 20) ? Result<void>() : flush();
  });
  std::map<std::uint64_t, std::string> first_names;  // of inodes with several
  for (const auto& [path, node] : scanned.tree.nodes) {
    oci::TarEntry entry = node.entry;
    if (entry.path.empty()) entry.path = ".";
    if (node.link != 0) {
      const auto [first, is_first] = first_names.emplace(node.link, path);
      if (!is_first) {
        entry.type = oci::EntryType::hard_link;
        entry.link_target = first->second;
        entry.size = 0;
        entry.xattrs.clear();  // the inode has them
      }
    }
    STRATUS_CHECK(writer.begin(entry));
    if (entry.type == oci::EntryType::file && entry.size > 0) {
      STRATUS_CHECK(scanned.content->read(node, [&](BytesView bytes) { return writer.data(bytes); }));
    }
    STRATUS_CHECK(writer.end());
  }
  STRATUS_CHECK(writer.finish());
  return flush();
}

Result<void> unpack(const fs::path& delta_file, const delta::FileTree& base, const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0) return fail(Error::from_errno("make " + directory.string()));
  oci::UnpackOptions options;
  options.form = oci::UnpackForm::merged_tree;
  options.policy.keep_devices = true;
  options.keep_owner = ::geteuid() == 0;
  options.sync = false;
  STRATUS_TRY(unpacker, oci::LayerUnpacker::create(directory, options));
  STRATUS_CHECK(
      delta::apply_recipe(delta_file, base, {}, [&](BytesView bytes) { return unpacker->feed(bytes); }));
  STRATUS_CHECK(unpacker->finish());
  return {};
}

Result<void> write_file(const fs::path& delta_file, const delta::FileTree& base, const fs::path& path,
                        std::uint64_t size) {
  STRATUS_TRY(file, open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0666));
  // Blocks taken at once instead of page by page: a quarter of what writing costs. Not every file system can.
  (void)::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
  STRATUS_CHECK(delta::apply_recipe(delta_file, base, {},
                                    [&](BytesView bytes) { return write_all(file.get(), bytes); }));
  return {};
}

}  // namespace

Result<void> make_delta(const fs::path& old, const fs::path& fresh, const fs::path& delta_file,
                        const CommonOptions& common) {
  STRATUS_TRY(base, open_base(old).with_context(old.string()));
  delta::MakeOptions options;
  options.directory = is_a_directory(fresh);
  options.base_headers = !is_a_directory(old);
  options.max_new_bytes = 0;  // whoever asks sees what it takes
  const Scratch tar(delta_file);
  if (options.directory) STRATUS_CHECK(write_tar(fresh, tar.path()).with_context(fresh.string()));
  STRATUS_TRY(made, delta::make_recipe(*base, options.directory ? tar.path() : fresh, delta_file, options)
                        .with_context(fresh.string()));
  say(common, fmt::format("{}: {} for {} of output", delta_file.string(), human_bytes(made.recipe_bytes),
                          human_bytes(made.output_bytes)));
  print_json(common, fmt::format(R"({{"delta_bytes":{},"output_bytes":{},"output_digest":"{}"}})",
                                 made.recipe_bytes, made.output_bytes, made.output_digest.text()));
  return {};
}

Result<void> apply_delta(const fs::path& old, const fs::path& delta_file, const fs::path& fresh,
                         const CommonOptions& common) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(fresh, ignored))) {
    return fail(ErrorCode::conflict, fresh.string() + " exists already: remove it or name another place");
  }
  (void)release_program_pages();  // of reading the command line, which is over
  STRATUS_TRY(info, delta::read_recipe_info(delta_file));
  STRATUS_TRY(base, open_base(old).with_context(old.string()));
  Scratch scratch(fresh);
  STRATUS_CHECK(info.directory ? unpack(delta_file, *base, scratch.path())
                               : write_file(delta_file, *base, scratch.path(), info.output_bytes));
  STRATUS_CHECK(scratch.keep_as(fresh));
  say(common, fmt::format("{}: {} made, {}", fresh.string(), human_bytes(info.output_bytes),
                          info.output_digest.text()));
  print_json(common, fmt::format(R"({{"output_bytes":{},"output_digest":"{}"}})", info.output_bytes,
                                 info.output_digest.text()));
  return {};
}

}  // namespace stratus::cli
