// @vitest-environment node
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../../api/problem';
import type { UploadProgress } from './send';

vi.stubGlobal('location', { origin: 'http://localhost' }); // before the client of the interface looks
const { ownPath, uploadFile } = await import('./send');

const ID = '01K00000000000000000000000';
const HELLO = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

/** What the browser would do with the bytes; the test says when it answers. */
class FakePut {
  static newest: FakePut;
  upload: { onprogress?: (event: { loaded: number }) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  onloadend?: () => void;
  status = 0;
  responseText = '';
  url = '';
  aborted = false;
  constructor() {
    FakePut.newest = this;
  }
  open(_: string, url: string) {
    this.url = url;
  }
  setRequestHeader() {}
  getResponseHeader = () => 'request-7';
  send = vi.fn();
  abort() {
    this.aborted = true;
    this.onabort?.();
    this.onloadend?.();
  }
  answer(status: number, body: unknown) {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.onload?.();
    this.onloadend?.();
  }
}

const file = () => new File(['hello'], 'a.bin');
const url = `https://elsewhere.example:8443/api/v1/uploads/${ID}/file?expires=1&signature=s`;

function server(max_size = 100): Request[] {
  const requests: Request[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    requests.push(request);
    return Response.json({ id: ID, method: 'PUT', url, max_size, expires_at: '' }, { status: 201 });
  });
  return requests;
}

beforeEach(() => {
  FakePut.newest = undefined as unknown as FakePut;
  vi.stubGlobal('XMLHttpRequest', FakePut);
});
afterEach(() => vi.unstubAllGlobals());
const begun = () => vi.waitFor(() => expect(FakePut.newest?.send).toHaveBeenCalled(), 20_000);

test('sends by the signed path of this host, hashes meanwhile and compares', async () => {
  const requests = server();
  const seen: UploadProgress[] = [];
  const digests: string[] = [];
  const wait = uploadFile(file(), {
    version: '1',
    onProgress: (one) => seen.push(one),
    onDigest: (one) => void digests.push(one),
  });
  await begun();
  expect(await requests[0]?.json()).toEqual({ file_name: 'a.bin', version: '1' });
  expect(FakePut.newest.url).toBe(ownPath(url));
  expect(ownPath(url)).toBe(`/api/v1/uploads/${ID}/file?expires=1&signature=s`);
  FakePut.newest.upload.onprogress?.({ loaded: 3 });
  await vi.waitFor(() => expect(digests).toEqual([HELLO]), 20_000); // before the server has answered
  FakePut.newest.answer(200, { id: ID, file_name: 'a.bin', digest: HELLO, size: 5 });
  expect((await wait).id).toBe(ID);
  expect(seen).toContainEqual(expect.objectContaining({ sent: 3, total: 5 }));
});

test('other bytes at the server are corrupt', async () => {
  server();
  const wait = uploadFile(file());
  await begun();
  FakePut.newest.answer(200, { id: ID, file_name: 'a.bin', digest: `sha256:${'0'.repeat(64)}`, size: 5 });
  await expect(wait).rejects.toMatchObject({ code: 'corrupt' });
});

test('a refusal of the server is a problem with its code and request', async () => {
  server();
  const wait = uploadFile(file());
  await begun();
  FakePut.newest.answer(410, { code: 'link_expired', detail: 'too late' });
  await expect(wait).rejects.toMatchObject({
    status: 410,
    code: 'link_expired',
    detail: 'too late',
    requestId: 'request-7',
  });
});

test('what is larger than the server takes is not sent', async () => {
  server(4);
  await expect(uploadFile(file())).rejects.toMatchObject({ code: 'no_space' });
});

test('a look at the digest can stop it', async () => {
  server();
  const wait = uploadFile(file(), {
    onDigest: () => {
      throw new Problem(409, 'conflict', 'known');
    },
  });
  await expect(wait).rejects.toMatchObject({ code: 'conflict' });
  expect(FakePut.newest.aborted).toBe(true);
});

test('cancelling ends the request with the reason', async () => {
  server();
  const stop = new AbortController();
  const wait = uploadFile(file(), { signal: stop.signal });
  await begun();
  stop.abort('enough');
  await expect(wait).rejects.toBe('enough');
  expect(FakePut.newest.aborted).toBe(true);
});
