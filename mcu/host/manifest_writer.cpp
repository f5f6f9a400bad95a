#include "host/manifest_writer.hpp"

#include "stratus/mcu/manifest.hpp"

namespace stratus::mcu::host {
namespace {

void put_field(Bytes& out, ManifestField type, BytesView value) {
  out.push_back(static_cast<std::uint8_t>(type));
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
}

Bytes little(std::uint32_t value) {
  Bytes out(4);
  store32(out.data(), value);
  return out;
}

void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace

Result<Bytes> write_manifest(const ManifestFields& fields, const SignDigest& sign) {
  for (const auto& [text, most] :
       {std::pair{&fields.model, 32u}, {&fields.version, 32u}, {&fields.repository, 64u}}) {
    if (text->empty() || text->size() > most)
      return fail(ErrorCode::invalid, "device manifest: text '" + *text + "'");
  }
  Bytes body;
  put_field(body, ManifestField::model, as_bytes(fields.model));
  put_field(body, ManifestField::version, as_bytes(fields.version));
  put_field(body, ManifestField::counter, little(fields.counter));
  put_field(body, ManifestField::serial, little(fields.serial));
  if (fields.expires != 0) put_field(body, ManifestField::expires, little(fields.expires));
  put_field(body, ManifestField::repository, as_bytes(fields.repository));
  if (fields.release) put_field(body, ManifestField::release, *fields.release);
  for (const ManifestComponent& component : fields.components) {
    Bytes value{component.kind};
    append(value, little(component.size));
    append(value, component.digest);
    put_field(body, ManifestField::component, value);
    if (!component.delta) continue;
    Bytes delta(component.delta->base.begin(), component.delta->base.end());
    append(delta, component.delta->patch);
    append(delta, little(component.delta->size));
    put_field(body, ManifestField::delta, delta);
  }
  Bytes out = little(kManifestMagic);
  out.push_back(static_cast<std::uint8_t>(body.size()));
  out.push_back(static_cast<std::uint8_t>(body.size() >> 8));
  append(out, body);
  STRATUS_TRY(signature, sign(raw_sha256(out)));
  append(out, signature);
  if (out.size() > kManifestLimit) return fail(ErrorCode::no_space, "device manifest of more than 512 bytes");
  return out;
}

}  // namespace stratus::mcu::host
