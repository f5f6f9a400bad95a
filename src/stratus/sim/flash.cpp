#include "stratus/sim/flash.hpp"

#include <boost/json.hpp>

#include "stratus/base/json.hpp"

namespace stratus::sim {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxFlash = 256u << 10;
constexpr std::size_t kMaxImages = 64;
constexpr std::size_t kMaxLayers = 512;
constexpr std::size_t kMaxUnsaid = 1000;

Result<InstalledImage> parse_image(const json::value& value) {
  ObjectReader reader(value, "image");
  InstalledImage image;
  image.name = reader.text("name", 255);
  const std::string record = reader.text("record", 64u << 10);
  auto release = std::make_shared<Release>();
  for (const json::value& one : reader.optional_array("layers", kMaxLayers)) {
    ObjectReader layer(one, "layer");
    release->layers.push_back({layer.digest("diff_id"), layer.digest("blob"), layer.number("size")});
    STRATUS_CHECK(layer.done());
  }
  STRATUS_CHECK(reader.done());
  STRATUS_TRY(parsed, update::parse_record(record));
  image.record = std::move(parsed);
  image.record.state = update::State::idle;
  image.record.candidate = {};
  if (image.record.current.manifest.empty()) return image;
  release->name = image.name;
  release->version = image.record.current.version;
  release->manifest = image.record.current.manifest;
  image.current = std::move(release);
  return image;
}

}  // namespace

std::string encode_flash(const Flash& flash) {
  json::array images;
  for (const InstalledImage& image : flash.images) {
    json::array layers;
    if (image.current) {
      for (const Layer& layer : image.current->layers) {
        layers.push_back(json::object{
            {"diff_id", layer.diff_id.text()}, {"blob", layer.blob.text()}, {"size", layer.size}});
      }
    }
    images.push_back(json::object{
        {"name", image.name}, {"record", update::encode_record(image.record)}, {"layers", layers}});
  }
  json::array unsaid;
  for (const UnsaidReport& report : flash.unsaid)
    unsaid.push_back(json::object{{"sequence", report.sequence}, {"message", report.message}});
  return json::serialize(
      json::object{{"next_sequence", flash.next_sequence}, {"images", images}, {"unsaid", unsaid}});
}

Result<Flash> parse_flash(std::string_view text) {
  STRATUS_TRY(value, parse_json(text, kMaxFlash));
  ObjectReader reader(value, "");
  Flash flash;
  flash.next_sequence = reader.number("next_sequence");
  for (const json::value& one : reader.optional_array("images", kMaxImages)) {
    STRATUS_TRY(image, parse_image(one));
    flash.images.push_back(std::move(image));
  }
  for (const json::value& one : reader.optional_array("unsaid", kMaxUnsaid)) {
    ObjectReader report(one, "unsaid");
    flash.unsaid.push_back({report.number("sequence"), report.text("message", 64u << 10)});
    STRATUS_CHECK(report.done());
  }
  STRATUS_CHECK(reader.done());
  return flash;
}

}  // namespace stratus::sim
