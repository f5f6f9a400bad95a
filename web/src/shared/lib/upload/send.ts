import { api, take, type Answer } from '@/shared/api/client';
import { Problem } from '@/shared/api/problem';
import { hashFile } from './hash';

export type StoredFile = Answer<'sendFile'>;

export interface UploadProgress {
  sent: number;
  hashed: number;
  total: number;
}

export interface UploadOptions {
  signal?: AbortSignal;
  onProgress?: (progress: UploadProgress) => void;
  /** Gets the digest as soon as it is known, mostly before the last byte is sent; may throw to stop the upload. */
  onDigest?: (digest: string) => void | Promise<void>;
  version?: string;
}

/** The path of a signed address; what the server takes for its own host need not be how this page reached it. */
export function ownPath(url: string): string {
  const { pathname, search } = new URL(url, globalThis.location?.origin ?? 'http://localhost');
  return pathname + search;
}

// XMLHttpRequest, because fetch says nothing of bytes that went out.
function put(url: string, file: Blob, signal: AbortSignal, onSent: (bytes: number) => void): Promise<StoredFile> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener('abort', stop);
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as StoredFile);
      else {
        const headers = { 'X-Request-Id': request.getResponseHeader('X-Request-Id') ?? '' };
        void Problem.of(new Response(request.responseText, { status: request.status, headers })).then(reject);
      }
    };
    request.onerror = () => reject(new Problem(0, 'unreachable', ''));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal.removeEventListener('abort', stop);
    request.open('PUT', url);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.send(file);
  });
}

/**
 * Sends a file to an address that the server signed, and hashes it meanwhile. What came has to be what was read here:
 * another digest is `corrupt`. Cancelled by `signal` with its reason; nothing stays behind then.
 */
export async function uploadFile(file: Blob & { name: string }, options: UploadOptions = {}): Promise<StoredFile> {
  const { onProgress, onDigest, version, signal } = options;
  const stop = new AbortController();
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  both.throwIfAborted();
  const progress: UploadProgress = { sent: 0, hashed: 0, total: file.size };
  const place = await take(api.POST('/api/v1/uploads', { body: { file_name: file.name, version }, signal: both }));
  if (file.size > place.max_size) throw new Problem(413, 'no_space', `${file.size} B > ${place.max_size} B`);
  const hashing = hashFile(file, both, (bytes) => {
    progress.hashed = bytes;
    onProgress?.({ ...progress });
  }).then(async (digest) => {
    await onDigest?.(digest);
    return digest;
  });
  const sending = put(ownPath(place.url), file, both, (bytes) => {
    progress.sent = bytes;
    onProgress?.({ ...progress });
  });
  try {
    const [digest, stored] = await Promise.all([hashing, sending]);
    if (stored.digest !== digest) throw new Problem(422, 'corrupt', `${stored.digest} ≠ ${digest}`);
    return stored;
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled([hashing, sending]);
    throw error;
  }
}
