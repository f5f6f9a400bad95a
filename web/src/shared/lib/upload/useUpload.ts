import { useCallback, useEffect, useRef, useState } from 'react';
import type { StoredFile, UploadOptions, UploadProgress } from './send';
import { uploadFile } from './send';

export interface Upload {
  progress: UploadProgress | null;
  /** Null when it was cancelled. Other failures are thrown. */
  send: (file: File, options?: Pick<UploadOptions, 'onDigest' | 'version'>) => Promise<StoredFile | null>;
  cancel: () => void;
}

const CANCELLED = Symbol('cancelled');

/** One upload at a time, cancelled when the page goes. */
export function useUpload(): Upload {
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const stop = useRef<AbortController | null>(null);
  const cancel = useCallback(() => stop.current?.abort(CANCELLED), []);
  useEffect(() => cancel, [cancel]);
  const send = useCallback<Upload['send']>(async (file, options) => {
    stop.current = new AbortController();
    setProgress({ sent: 0, hashed: 0, total: file.size });
    try {
      return await uploadFile(file, { ...options, signal: stop.current.signal, onProgress: setProgress });
    } catch (error) {
      if (stop.current.signal.aborted && stop.current.signal.reason === CANCELLED) return null;
      throw error;
    } finally {
      setProgress(null);
    }
  }, []);
  return { progress, send, cancel };
}
