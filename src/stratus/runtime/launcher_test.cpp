// Starts real containers: needs root, as the agent does. The image is one static program that prints what it
// can see and do.
#include "stratus/runtime/launcher.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stratus/base/temporary_directory_testing.hpp"

namespace stratus::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class LauncherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "starting containers needs root";
    fs::create_directories(store_.path() / "layers/base/bin");
    fs::create_directories(store_.path() / "layers/base/etc");
    fs::copy_file(STRATUS_TEST_SERVICE, store_.path() / "layers/base/bin/service");
    write("layers/base/etc/passwd", "root:x:0:0::/root:/\nweb:x:33:34::/srv/web:/\n");
    write("layers/base/etc/group", "www:x:34:\nmedia:x:44:web\n");
    write("layers/base/etc/layer", "base");
    make(true);
  }

  void make(bool user_namespace) {
    LauncherOptions options;
    options.store = store_.path();
    options.user_namespace = user_namespace;
    auto made = Launcher::make(options);
    ASSERT_TRUE(made) << made.error().text();
    launcher_ = std::make_unique<Launcher>(std::move(*made));
  }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((store_.path() / path).parent_path());
    std::ofstream(store_.path() / path) << text;
  }
  std::string log() const {
    const auto text = read_file(store_.path() / "log", 1 << 20);
    return text ? *text : "";
  }

  ContainerSpec spec(std::vector<std::string> args) const {
    ContainerSpec spec;
    spec.instance = fmt::format("unit-{}", ::getpid());
    spec.store = store_.path();
    spec.layers = {"layers/base"};
    spec.writable = "upper";
    spec.args = std::move(args);
    spec.log_file = store_.path() / "log";
    return spec;
  }

  // Runs to the end and answers what it printed.
  std::string run(const ContainerSpec& spec) {
    auto container = launcher_->prepare(spec);
    if (!container) {
      ADD_FAILURE() << container.error().text();
      return {};
    }
    const Result<void> released = container->release();
    EXPECT_TRUE(released) << released.error().text();
    EXPECT_TRUE(wait_for_exit(container->pidfd(), 10s));
    EXPECT_EQ(describe(reap(container->pidfd())), "exit status 0");
    remove_control_group(spec.instance);
    return log();
  }

  boost::json::object probe(ContainerSpec spec) {
    spec.args = {"/bin/service", "probe"};
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(run(spec), error);
    if (!value.is_object()) {
      ADD_FAILURE() << "probe printed: " << log();
      return {};
    }
    return value.as_object();
  }

  static std::string text(const boost::json::object& object, std::string_view key) {
    const auto* const value = object.if_contains(key);
    if (value == nullptr) return "(absent)";
    return value->is_string() ? std::string(value->as_string()) : boost::json::serialize(*value);
  }

  testing::TemporaryDirectory store_;
  std::unique_ptr<Launcher> launcher_;
};

void expect_confined(const boost::json::object& seen, const auto& text) {
  EXPECT_EQ(text(seen, "pid"), "1");
  EXPECT_EQ(text(seen, "kill_parent_visible"), "no");
  EXPECT_EQ(text(seen, "NoNewPrivs"), "1");
  EXPECT_EQ(text(seen, "Seccomp"), "2");
  EXPECT_EQ(text(seen, "CapInh"), "0000000000000000");
  EXPECT_EQ(text(seen, "CapAmb"), "0000000000000000");
  EXPECT_EQ(text(seen, "CapBnd"), "00000000000405fb");
  EXPECT_NE(text(seen, "write_sys"), "ok");
  EXPECT_NE(text(seen, "write_proc_sys"), "ok");
  EXPECT_EQ(text(seen, "write_tmp"), "ok");
  EXPECT_EQ(text(seen, "dev_null"), "ok");
  for (const char* const call :
       {"mount", "unshare", "ptrace", "bpf", "keyctl", "mknod", "sethostname", "raw_socket"}) {
    EXPECT_EQ(text(seen, call), "EPERM") << call;
  }
  EXPECT_EQ(text(seen, "clone3"), "ENOSYS");
  for (const std::string kind : {"ipc", "mnt", "pid", "uts", "net"}) {
    const std::string host = fs::read_symlink("/proc/self/ns/" + kind).string();
    EXPECT_EQ(text(seen, "ns_" + kind) == host, kind == "net") << kind << " is " << host << " outside";
    EXPECT_EQ(text(seen, "ns_" + kind).rfind(kind + ":[", 0), 0U) << kind;
  }
}

// The words after `label` in a row of the table of docs/security/confinement.md, as paths below `root`.
std::vector<std::string> documented(const std::string& row, const std::string& label,
                                    const std::string& root) {
  const auto page = read_file(STRATUS_SOURCE_DIR "/docs/security/confinement.md", 1 << 20);
  if (!page) return {};
  const std::size_t begin = page->find(row);
  const std::string line = page->substr(begin, page->find('\n', begin) - begin);
  const std::size_t words = line.find(label) + label.size();
  std::istringstream list(line.substr(words, line.find_first_of(";|", words) - words));
  std::vector<std::string> paths;
  for (std::string word; list >> word;) paths.push_back(root + word);
  return paths;
}

// What `stratus-test-service look` says of `path`: "absent", "filled rw" and so on.
std::string seen_of(const std::string& printed, const std::string& path) {
  const std::size_t at = printed.find(path + ' ');
  if (at == std::string::npos) return "(nothing)";
  const std::size_t begin = at + path.size() + 1;
  return printed.substr(begin, printed.find('\n', begin) - begin);
}

TEST_F(LauncherTest, RootIsConfinedAndAnUnprivilegedHostId) {
  const auto seen = probe(spec({}));
  expect_confined(seen, [](const auto& object, auto key) { return text(object, key); });
  EXPECT_EQ(text(seen, "uid"), "0");
  EXPECT_EQ(text(seen, "CapEff"), "00000000000405fb");
  EXPECT_EQ(text(seen, "home"), "/root");
  EXPECT_EQ(text(seen, "write_root"), "ok");
  EXPECT_EQ(text(seen, "write_run"), "ok");
  if (launcher_->degradations().empty()) {
    EXPECT_EQ(text(seen, "uid_map"), "         0 1000000000      65536;");
  }
  // What it wrote is root's on disk, whatever id it ran with.
  struct stat status {};
  ASSERT_EQ(::stat((store_.path() / "upper/upper/written").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
}

TEST_F(LauncherTest, IdentityMapIsConfinedTheSame) {
  make(false);
  const auto seen = probe(spec({}));
  expect_confined(seen, [](const auto& object, auto key) { return text(object, key); });
  EXPECT_EQ(text(seen, "write_root"), "ok");
}

TEST_F(LauncherTest, EveryMaskedAndReadOnlyPathOfTheDocumentIsSo) {
  const std::vector<std::string> masked = documented("| `/proc` |", "masked: ", "/proc/");
  const std::vector<std::string> read_only = documented("| `/proc` |", "read-only: ", "/proc/");
  const std::vector<std::string> system = documented("| `/sys` |", "masked: ", "/sys/");
  ASSERT_EQ(masked.size(), 10U);
  ASSERT_EQ(read_only.size(), 5U);
  ASSERT_EQ(system, (std::vector<std::string>{"/sys/firmware", "/sys/devices/virtual/powercap"}));
  std::vector<std::string> hidden = masked;
  hidden.insert(hidden.end(), system.begin(), system.end());
  std::vector<std::string> all = hidden;
  all.insert(all.end(), read_only.begin(), read_only.end());
  all.emplace_back("/proc/stat");

  ContainerSpec wanted = spec({"/bin/service", "look"});
  wanted.args.insert(wanted.args.end(), all.begin(), all.end());
  const std::string inside = run(wanted);
  // The same question outside shows that there is something to hide.
  std::string command = STRATUS_TEST_SERVICE " look";
  for (const std::string& path : all) command += " " + path;
  command += " > " + (store_.path() / "outside").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string outside = read_file(store_.path() / "outside", 1 << 20).value();

  EXPECT_EQ(seen_of(inside, "/proc/stat"), "filled rw") << inside;
  int filled = 0, writable = 0;
  for (const std::string& path : hidden) {
    const std::string seen = seen_of(inside, path);
    filled += seen_of(outside, path).rfind("filled", 0) == 0 ? 1 : 0;
    EXPECT_TRUE(seen == "absent" || seen.rfind("empty", 0) == 0) << path << " is " << seen;
    if (fs::is_directory(path)) EXPECT_EQ(seen, "empty ro") << path;
  }
  for (const std::string& path : read_only) {
    writable += seen_of(outside, path).ends_with(" rw") ? 1 : 0;
    EXPECT_EQ(seen_of(inside, path).substr(seen_of(inside, path).find(' ') + 1),
              seen_of(outside, path) == "absent" ? "absent" : "ro")
        << path;
  }
  EXPECT_GE(filled, 3) << "nothing to hide on this machine: " << outside;
  EXPECT_GE(writable, 3) << "nothing to protect on this machine: " << outside;
}

TEST_F(LauncherTest, UserByNameHasNoCapabilities) {
  ContainerSpec wanted = spec({});
  wanted.user = "web";
  wanted.working_directory = "/srv/new";
  wanted.env = {"GREETING=hello"};
  wanted.host_name = "device-7";
  wanted.limits.open_files = 99;
  const auto seen = probe(wanted);
  EXPECT_EQ(text(seen, "uid"), "33");
  EXPECT_EQ(text(seen, "gid"), "34");
  EXPECT_EQ(text(seen, "groups"), "44 ");
  EXPECT_EQ(text(seen, "CapEff"), "0000000000000000");
  EXPECT_EQ(text(seen, "CapPrm"), "0000000000000000");
  EXPECT_EQ(text(seen, "home"), "/srv/web");
  EXPECT_EQ(text(seen, "cwd"), "/srv/new");
  EXPECT_EQ(text(seen, "greeting"), "hello");
  EXPECT_EQ(text(seen, "host"), "device-7");
  EXPECT_EQ(text(seen, "nofile"), "99");
  EXPECT_EQ(text(seen, "write_root"), "EACCES");
}

TEST_F(LauncherTest, ReadOnlyRootWithoutWritableDirectory) {
  fs::create_directories(store_.path() / "layers/base/proc");
  for (const char* const name : {"sys", "dev", "tmp", "run", "proc"}) {
    fs::create_directories(store_.path() / "layers/base" / name);
  }
  ContainerSpec wanted = spec({});
  wanted.writable.clear();
  wanted.layers.push_back("layers/top");
  write("layers/top/etc/layer", "top");
  const auto seen = probe(wanted);
  EXPECT_EQ(text(seen, "write_root"), "EROFS");
  EXPECT_EQ(text(seen, "layer"), "top");
}

TEST_F(LauncherTest, WhatIsWrittenCanStayInMemoryBoundedByTheKernel) {
  ContainerSpec wanted = spec({});
  wanted.writable_in_memory = 1u << 20;
  const auto seen = probe(wanted);
  EXPECT_EQ(text(seen, "write_root"), "ok");
  EXPECT_EQ(text(seen, "layer"), "base");
  EXPECT_TRUE(fs::is_empty(store_.path() / "upper/upper")) << "nothing reaches the disk";
  const auto fill = [&](const std::string& bytes) {
    fs::remove(store_.path() / "log");
    ContainerSpec filling = wanted;
    filling.args = {"/bin/service", "fill", "/etc/layer", bytes};
    auto container = launcher_->prepare(filling);
    if (!container || !container->release()) return std::string("not started");
    EXPECT_TRUE(wait_for_exit(container->pidfd(), 10s));
    return describe(reap(container->pidfd()));
  };
  EXPECT_EQ(fill("500000"), "exit status 0");
  EXPECT_EQ(fill("2000000"), "exit status 28") << "ENOSPC";
}

TEST_F(LauncherTest, TheRootDirectoryIsTheImages) {
  const fs::path base = store_.path() / "layers/base";
  for (const char* const mounted : {"proc", "sys", "dev", "tmp", "run"})
    fs::create_directories(base / mounted);
  ASSERT_EQ(::setxattr(base.c_str(), "user.image", "yes", 3, 0), 0);
  ASSERT_EQ(::chown(base.c_str(), 7, 8), 0);
  ASSERT_EQ(::chmod(base.c_str(), 01751), 0);
  const timespec times[2] = {{1'600'000'000, 0}, {1'650'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, base.c_str(), times, 0), 0);
  ContainerSpec wanted = spec({});
  EXPECT_EQ(text(probe(wanted), "root"), "1751 7:8 1650000000 yes");
  fs::remove(store_.path() / "log");
  wanted.writable_in_memory = 1u << 20;  // a tmpfs holds no attributes of users
  EXPECT_EQ(text(probe(wanted), "root"), "1751 7:8 1650000000 ");
}

TEST_F(LauncherTest, TwentyFourLayersTheHighestWinsAndWhiteoutsHide) {
  ContainerSpec wanted = spec({});
  write("layers/base/etc/hidden", "x");
  for (int i = 0; i < 24; ++i) {
    // Names as long as a digest, so that the list is longer than one page of options with their parent.
    const std::string name = fmt::format("layers/{:064}", i);
    write(name + "/etc/layer", std::to_string(i));
    wanted.layers.push_back(name);
  }
  fs::create_directories(store_.path() / "layers/white/etc");
  ASSERT_EQ(::mknod((store_.path() / "layers/white/etc/hidden").c_str(), S_IFCHR, ::makedev(0, 0)), 0);
  wanted.layers.push_back("layers/white");
  const auto seen = probe(wanted);
  EXPECT_EQ(text(seen, "layer"), "23");
  EXPECT_EQ(text(seen, "hidden"), "true");
}

TEST_F(LauncherTest, VolumesKeepWhatIsWritten) {
  const testing::TemporaryDirectory outside;
  ContainerSpec wanted = spec({});
  wanted.volumes = {{outside.path() / "data", "/data", false}};
  EXPECT_EQ(text(probe(wanted), "write_data"), "ok");
  struct stat status {};
  ASSERT_EQ(::stat((outside.path() / "data/written").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
  fs::remove(store_.path() / "log");
  wanted.volumes[0].read_only = true;
  fs::remove(outside.path() / "data/written");
  EXPECT_EQ(text(probe(wanted), "write_data"), "EROFS");
}

TEST_F(LauncherTest, AVolumeIsNotPutThroughALinkOfTheImage) {
  const testing::TemporaryDirectory outside;
  fs::create_directory_symlink("/etc", store_.path() / "layers/base/link");
  fs::create_symlink("/etc/passwd", store_.path() / "layers/base/file");
  std::ofstream(outside / "one") << "x";
  for (const auto& [source, target] : std::vector<std::pair<std::string, std::string>>{
           {"", "/link"}, {"", "/link/below/it"}, {"one", "/link/passwd"}, {"one", "/file"}, {"", "/file"}}) {
    ContainerSpec wanted = spec({"/bin/service", "probe"});
    wanted.volumes = {{source.empty() ? outside.path() : outside / source, target, false}};
    const auto container = launcher_->prepare(wanted);
    ASSERT_FALSE(container) << target;
    EXPECT_EQ(container.error().code(), ErrorCode::invalid);
    EXPECT_NE(container.error().text().find("symbolic link"), std::string::npos) << container.error().text();
  }
  EXPECT_FALSE(fs::exists(store_.path() / "upper/upper/etc/below"));
}

TEST_F(LauncherTest, VolumesLieInsideOneAnotherAndOverFiles) {
  const testing::TemporaryDirectory outside;
  fs::create_directories(outside / "data");
  std::ofstream(outside / "layer") << "from outside";
  ContainerSpec wanted = spec({});
  wanted.volumes = {{outside / "data", "/data", false},
                    {outside / "more", "/data/a//b/", false},
                    {outside / "layer", "/etc/layer", true}};
  const auto seen = probe(wanted);
  EXPECT_EQ(text(seen, "write_data"), "ok");
  EXPECT_EQ(text(seen, "layer"), "from outside");
  EXPECT_TRUE(fs::is_directory(outside / "data/a/b"));
}

TEST_F(LauncherTest, AVolumePathThatClimbsIsRefused) {
  for (const char* const target : {"/data/../etc", "/", "data"}) {
    ContainerSpec wanted = spec({"/bin/service", "probe"});
    wanted.volumes = {{"/tmp", target, false}};
    const auto container = launcher_->prepare(wanted);
    ASSERT_FALSE(container) << target;
    EXPECT_EQ(container.error().code(), ErrorCode::invalid);
  }
}

TEST_F(LauncherTest, ALinkInTheImageIsNoMountPoint) {
  fs::create_directory_symlink("/etc", store_.path() / "layers/base/proc");
  const auto container = launcher_->prepare(spec({"/bin/service", "probe"}));
  ASSERT_FALSE(container);
  EXPECT_NE(container.error().text().find("mount /proc"), std::string::npos) << container.error().text();
}

TEST_F(LauncherTest, AMissingProgramIsSaid) {
  auto container = launcher_->prepare(spec({"nothing"}));
  ASSERT_TRUE(container) << container.error().text();
  const Result<void> released = container->release();
  ASSERT_FALSE(released);
  EXPECT_EQ(released.error().text(), "start: execute: No such file or directory");
}

TEST_F(LauncherTest, AnUnknownUserIsRefused) {
  ContainerSpec wanted = spec({"/bin/service", "probe"});
  wanted.user = "nobody-here";
  const auto container = launcher_->prepare(wanted);
  ASSERT_FALSE(container);
  EXPECT_NE(container.error().text().find("/etc/passwd"), std::string::npos);
}

TEST_F(LauncherTest, APreparedContainerThatIsDroppedLeavesNoProcess) {
  ProcessIdentity identity;
  {
    auto container = launcher_->prepare(spec({"/bin/service", "sleep"}));
    ASSERT_TRUE(container) << container.error().text();
    identity = container->identity();
    EXPECT_TRUE(open_process(identity));
  }
  EXPECT_FALSE(open_process(identity));
}

TEST_F(LauncherTest, KillEndsAllOfIt) {
  auto container = launcher_->prepare(spec({"service", "sleep"}));
  ASSERT_TRUE(container) << container.error().text();
  ASSERT_TRUE(container->release());
  EXPECT_TRUE(open_process(container->identity()));
  ASSERT_TRUE(send_signal(container->pidfd(), SIGKILL));
  ASSERT_TRUE(wait_for_exit(container->pidfd(), 10s));
  EXPECT_EQ(describe(reap(container->pidfd())), "killed by SIGKILL");
  EXPECT_FALSE(open_process(container->identity()));
}

TEST_F(LauncherTest, CommandsRunInsideTheContainer) {
  auto container = launcher_->prepare(spec({"/bin/service", "sleep"}));
  ASSERT_TRUE(container) << container.error().text();
  ASSERT_TRUE(container->release());
  const auto status_of = [&](std::vector<std::string> args) {
    InsideCommand command;
    command.args = std::move(args);
    auto process = launcher_->start_inside(container->pidfd(), command);
    if (!process) return process.error().text();
    EXPECT_TRUE(wait_for_exit(process->get(), 10s));
    return describe(reap(process->get()));
  };
  EXPECT_EQ(status_of({"/bin/service", "check-file", "/etc/layer"}), "exit status 0");
  EXPECT_EQ(status_of({"service", "exit", "7"}), "exit status 7");
  EXPECT_NE(status_of({"/bin/false"}).find("No such file"), std::string::npos);
  ASSERT_TRUE(send_signal(container->pidfd(), SIGKILL));
  ASSERT_TRUE(wait_for_exit(container->pidfd(), 10s));
  (void)reap(container->pidfd());
}

// As the container itself: user, environment, directory, limits, control group, confinement; and what it says
// arrives.
TEST_F(LauncherTest, ACommandInsideIsOneOfTheContainersOwn) {
  ContainerSpec wanted = spec({"/bin/service", "sleep"});
  wanted.limits.memory_bytes = 64u << 20;
  auto container = launcher_->prepare(wanted);
  ASSERT_TRUE(container) << container.error().text();
  ASSERT_TRUE(container->release());
  auto output = open_file(store_.path() / "said", O_RDWR | O_CREAT, 0600);
  ASSERT_TRUE(output);
  InsideCommand command;
  command.instance = wanted.instance;
  command.args = {"/bin/service", "probe"};
  command.env = {"GREETING=hello"};
  command.user = "web";
  command.working_directory = "/etc";
  command.open_files = 77;
  command.output = output->get();
  auto process = launcher_->start_inside(container->pidfd(), command);
  ASSERT_TRUE(process) << process.error().text();
  ASSERT_TRUE(wait_for_exit(process->get(), 10s));
  EXPECT_EQ(describe(reap(process->get())), "exit status 0");
  const auto said = read_file(store_.path() / "said", 1 << 16);
  ASSERT_TRUE(said);
  const boost::json::object seen = boost::json::parse(*said).as_object();
  EXPECT_EQ(text(seen, "uid"), "33");
  EXPECT_EQ(text(seen, "groups"), "44 ");
  EXPECT_EQ(text(seen, "greeting"), "hello");
  EXPECT_EQ(text(seen, "cwd"), "/etc");
  EXPECT_EQ(text(seen, "nofile"), "77");
  EXPECT_EQ(text(seen, "CapEff"), "0000000000000000");
  EXPECT_EQ(text(seen, "CapBnd"), "00000000000405fb");
  EXPECT_EQ(text(seen, "NoNewPrivs"), "1");
  EXPECT_EQ(text(seen, "Seccomp"), "2");
  EXPECT_NE(text(seen, "pid"), "1");
  if (container->degradations().empty()) {
    EXPECT_NE(text(seen, "cgroup").find("/stratus/" + wanted.instance), std::string::npos)
        << text(seen, "cgroup");
  }
  ASSERT_TRUE(send_signal(container->pidfd(), SIGKILL));
  ASSERT_TRUE(wait_for_exit(container->pidfd(), 10s));
  (void)reap(container->pidfd());
  remove_control_group(wanted.instance);
}

// The way out of runc in 2024: a working directory in the host, by way of a descriptor that the child
// inherits.
TEST_F(LauncherTest, TheLaunchersDescriptorsAreOutOfTheImagesReach) {
  auto directory = open_file("/etc", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(directory);
  const FileDescriptor high(::fcntl(directory->get(), F_DUPFD_CLOEXEC, 900));
  for (const int fd : {directory->get(), high.get()}) {
    ContainerSpec wanted = spec({"/bin/service", "sleep"});
    wanted.working_directory = fmt::format("/proc/self/fd/{}", fd);
    const auto container = launcher_->prepare(wanted);
    ASSERT_FALSE(container);
    EXPECT_NE(container.error().text().find("working directory"), std::string::npos)
        << container.error().text();
  }
}

// A check that never ends would otherwise keep the agent's lock beyond the agent's own end.
TEST_F(LauncherTest, ACommandInsideHoldsNoneOfTheLaunchersDescriptors) {
  auto lock = open_file(store_.path() / "lock", O_RDWR | O_CREAT, 0600);
  ASSERT_TRUE(lock);
  ASSERT_EQ(::flock(lock->get(), LOCK_EX | LOCK_NB), 0);
  auto container = launcher_->prepare(spec({"/bin/service", "sleep"}));
  ASSERT_TRUE(container) << container.error().text();
  ASSERT_TRUE(container->release());
  InsideCommand command;
  command.args = {"/bin/service", "sleep"};
  auto process = launcher_->start_inside(container->pidfd(), command);
  ASSERT_TRUE(process) << process.error().text();
  lock->reset();
  auto again = open_file(store_.path() / "lock", O_RDWR);
  ASSERT_TRUE(again);
  EXPECT_EQ(::flock(again->get(), LOCK_EX | LOCK_NB), 0);
  for (const int pidfd : {process->get(), container->pidfd()}) {
    ASSERT_TRUE(send_signal(pidfd, SIGKILL));
    ASSERT_TRUE(wait_for_exit(pidfd, 10s));
    (void)reap(pidfd);
  }
}

TEST_F(LauncherTest, APassedSocketAnswers) {
  const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  socklen_t length = sizeof address;
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);

  ContainerSpec wanted = spec({"/bin/service", "--version", "42"});
  wanted.listen_fds = {listener.get()};
  auto container = launcher_->prepare(wanted);
  ASSERT_TRUE(container) << container.error().text();
  ASSERT_TRUE(container->release());
  const FileDescriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(peer.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_TRUE(write_all(peer.get(), as_bytes("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")));
  std::string answer;
  char buffer[512];
  for (ssize_t count = 0; (count = ::read(peer.get(), buffer, sizeof buffer)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  EXPECT_NE(answer.find("\r\n\r\n42\n"), std::string::npos) << answer << log();
  ASSERT_TRUE(send_signal(container->pidfd(), SIGTERM));
  ASSERT_TRUE(wait_for_exit(container->pidfd(), 10s));
  EXPECT_EQ(describe(reap(container->pidfd())), "exit status 0");
}

// Asked of the kernel's files and not of the launcher: whether this machine lets us limit `controller`.
bool can_limit(const std::string& controller) {
  const fs::path root = "/sys/fs/cgroup";
  const auto listed = read_file(root / "cgroup.controllers", 4096);
  if (listed) {
    return (" " + *listed).find(" " + controller) != std::string::npos &&
           ::access((root / "cgroup.subtree_control").c_str(), W_OK) == 0;
  }
  const fs::path own = root / controller;
  const char* const file = controller == "pids" ? "cgroup.procs" : "memory.limit_in_bytes";
  return fs::exists(own / file) && ::access(own.c_str(), W_OK) == 0;
}

// A limit that is left out counts as a fault wherever the machine offers it; the skip says what is missing.
#define SKIP_WITHOUT(controller, container)                                                        \
  if (!(container)->degradations().empty()) {                                                      \
    ASSERT_FALSE(can_limit(controller)) << "not limited: " << (container)->degradations().front(); \
    GTEST_SKIP() << "no writable " << controller                                                   \
                 << " controller on this machine: " << (container)->degradations().front();        \
  }

TEST_F(LauncherTest, ProcessesBeyondTheLimitAreNotStarted) {
  ContainerSpec wanted = spec({"/bin/service", "--fork", "40", "--crash-after", "0"});
  wanted.limits.pids = 5;
  auto container = launcher_->prepare(wanted);
  ASSERT_TRUE(container) << container.error().text();
  SKIP_WITHOUT("pids", container);
  ASSERT_TRUE(container->release());
  ASSERT_TRUE(wait_for_exit(container->pidfd(), 30s));
  (void)reap(container->pidfd());
  EXPECT_NE(log().find("forked 4 of 40"), std::string::npos) << log();
  remove_control_group(wanted.instance);
}

TEST_F(LauncherTest, MemoryBeyondTheLimitEndsTheService) {
  ContainerSpec wanted = spec({"/bin/service", "--eat-memory", "200"});
  wanted.limits.memory_bytes = 32u << 20;
  auto container = launcher_->prepare(wanted);
  ASSERT_TRUE(container) << container.error().text();
  SKIP_WITHOUT("memory", container);
  ASSERT_TRUE(container->release());
  ASSERT_TRUE(wait_for_exit(container->pidfd(), 30s));
  EXPECT_EQ(describe(reap(container->pidfd())), "killed by SIGKILL");
  remove_control_group(wanted.instance);
}

}  // namespace
}  // namespace stratus::runtime
