"""What registry tests say in one line: digests, manifests, and the small client that speaks /v2/."""
import hashlib
import io
import json
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}


def manifest_of(config, layers, config_type=CONFIG, **more):
    """The bytes of an image manifest over these bytes."""
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(config_type, config),
                       "layers": [descriptor(LAYER, layer) for layer in layers], **more}).encode()


class Registry:
    """Requests of one repository, on a harness.HttpClient."""

    def __init__(self, http, name):
        self.http, self.name = http, name

    def path(self, *rest):
        return "/".join(["/v2", self.name, *rest])

    def push_blob(self, data):
        """POST then PUT; the digest."""
        begun = self.http.post(self.path("blobs/uploads/"))
        assert begun.status == 202, begun
        done = self.http.put(f"{begun.headers['Location']}?digest={digest_of(data)}", body=data)
        assert done.status == 201, done
        return digest_of(data)

    def put_manifest(self, body, reference=None, media_type=MANIFEST, **options):
        return self.http.put(self.path("manifests", reference or digest_of(body)), body=body,
                             headers={"Content-Type": media_type}, **options)

    def push_image(self, layer, tag=None, config=b"{}", **more):
        """Blobs and manifest; the manifest's bytes."""
        for blob in (config, layer):
            self.push_blob(blob)
        body = manifest_of(config, [layer], **more)
        pushed = self.put_manifest(body, tag)
        assert pushed.status == 201, pushed
        return body

    def push_files(self, layers, tag=None, media_type=LAYER, pack=lambda tar: tar, diff_ids=None):
        """An image that devices can run: each layer a dict of path -> bytes. Answers its manifest's bytes."""
        tars = [tar_of(files) for files in layers]
        blobs = [pack(tar) for tar in tars]
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/app"]}, "rootfs": {
            "type": "layers", "diff_ids": diff_ids or [digest_of(tar) for tar in tars]}}).encode()
        for blob in [config, *blobs]:
            self.push_blob(blob)
        body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
                           "layers": [descriptor(media_type, blob) for blob in blobs]}).encode()
        pushed = self.put_manifest(body, tag)
        assert pushed.status == 201, pushed
        return body


def tar_of(files):
    """An uncompressed tar of path -> bytes, the same every time."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()
