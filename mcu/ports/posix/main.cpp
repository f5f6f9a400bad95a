// stratus-mcu-device: the microcontroller client as a host process. Options in, a device out.
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "ports/posix/device.hpp"
#include <CLI/CLI.hpp>

#include "stratus/base/bytes.hpp"
#include "stratus/mcu/json.hpp"

using namespace stratus::mcu;

namespace {

volatile bool stopped = false;
void stop(int) { stopped = true; }

bool read_key(const std::string& hex, std::array<uint8_t, 64>& key) {
  const auto bytes = stratus::from_hex(hex);
  if (!bytes || bytes->size() != key.size()) return false;
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return true;
}

// "HOST:PORT", with or without a scheme and brackets.
bool split(std::string address, std::string& host, std::string& port) {
  if (const auto scheme = address.find("://"); scheme != std::string::npos) address.erase(0, scheme + 3);
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) return false;
  host = address.substr(0, colon);
  port = address.substr(colon + 1);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return true;
}

struct Text64 final : ByteSink {
  std::string text;
  bool write(const uint8_t* data, uint32_t size) override {
    text.append(reinterpret_cast<const char*>(data), size);
    return text.size() < 4096;
  }
};

// The key that signs device manifests, from the server itself (or pinned by an option).
bool ask_assignment_key(const posix::DeviceOptions& o, std::array<uint8_t, 64>& key) {
  const posix::TlsIdentity nobody(o.root);
  posix::TlsStream stream(nobody, o.host, o.https_port, 15'000);
  HttpClient http(stream, o.host.c_str());
  Text64 answer;
  uint32_t received = 0;
  if (http.get("/api/v1/mcu-key", nullptr, 4096, answer, received) != Cause::ok) return false;
  Text value;
  const Text json{answer.text.data(), static_cast<uint32_t>(answer.text.size())};
  return json_member(json, "key", value) && read_key(std::string(value.data, value.size), key);
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app{
      "A microcontroller of the fleet as a process: the same client, with a file for its flash.\n\nExample:\n"
      "  stratus-mcu-device --state /tmp/board --server https://127.0.0.1:7700 --mqtt 127.0.0.1:8883 \\\n"
      "    --root DATA/ca/root.pem --code 1234-5678 --firmware board --model board-1 \\\n"
      "    --release-key $(stratus-mcu-tool public release.pem) --install board-1.0.0.img\n\n"
      "An image whose payload starts with \"behaviour=crash\" or \"behaviour=self-test\" fails in that way.",
      "stratus-mcu-device"};
  posix::DeviceOptions o;
  std::string server, mqtt, release_key, assignment_key, image;
  app.add_option("--state", o.state, "directory that keeps its flash")->required();
  app.add_option("--server", server, "https://HOST:PORT of the server or a gateway")->required();
  app.add_option("--mqtt", mqtt, "HOST:PORT of its broker")->required();
  app.add_option("--root", o.root, "certificate of the authority")->required()->check(CLI::ExistingFile);
  app.add_option("--code", o.code, "one-time code; needed for the first start");
  app.add_option("--device", o.name, "name to enrol under; the server gives one otherwise");
  app.add_option("--firmware", o.firmware, "name of the firmware that it follows")->required();
  app.add_option("--model", o.model, "board that it plays")->required();
  app.add_option("--release-key", release_key, "x and y, as `stratus-mcu-tool public` prints them")
      ->required();
  app.add_option("--assignment-key", assignment_key,
                 "of the server; asked for when not given, which a gateway does not answer");
  app.add_option("--install", image, "image for a blank flash")->check(CLI::ExistingFile);
  app.add_option("--poll", o.poll_seconds, "seconds between questions");
  CLI11_PARSE(app, count, arguments);
  std::error_code failed;
  std::filesystem::create_directories(o.state, failed);
  if (!split(server, o.host, o.https_port) || !split(mqtt, o.mqtt_host, o.mqtt_port) ||
      !read_key(release_key, o.release_key)) {
    std::fprintf(stderr, "stratus-mcu-device: --server, --mqtt or --release-key cannot be read\n");
    return 2;
  }
  if (assignment_key.empty() ? !ask_assignment_key(o, o.assignment_key)
                             : !read_key(assignment_key, o.assignment_key)) {
    std::fprintf(stderr, "stratus-mcu-device: no assignment key from %s\n", server.c_str());
    return 1;
  }
  struct sigaction action = {};
  action.sa_handler = stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  posix::Device device(o);
  if (!device.ok()) {
    std::fprintf(stderr, "stratus-mcu-device: cannot open %s/flash.bin\n", o.state.c_str());
    return 1;
  }
  if (!image.empty() && device.install(image)) std::printf("boot: installed %s\n", image.c_str());
  while (device.live(stopped)) {
  }
  return stopped ? 0 : 1;
}
