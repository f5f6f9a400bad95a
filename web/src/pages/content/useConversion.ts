import { useEffect, useState } from 'react';
import type { Pixels } from '@/shared/lib/lvgl/pixels';
import { convert, type Converted, type Settings } from './convert';

export interface Conversion {
  busy: boolean;
  result: Converted | null;
  error: unknown;
}

const IDLE: Conversion = { busy: false, result: null, error: null };
const SETTLE_MS = 120; // numbers are typed digit by digit

/** Converts again whenever the picture or a setting changes. */
export function useConversion(picture: Pixels | null, settings: Settings): Conversion {
  const wanted = picture ? { picture, settings } : null;
  const [done, setDone] = useState<{ picture: Pixels; settings: Settings; state: Conversion } | null>(null);
  useEffect(() => {
    if (!picture) return;
    const timer = setTimeout(() => {
      let state: Conversion;
      try {
        state = { busy: false, result: convert(picture, settings), error: null };
      } catch (error) {
        state = { busy: false, result: null, error };
      }
      setDone({ picture, settings, state });
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [picture, settings]);
  if (!wanted) return IDLE;
  if (done?.picture === picture && done.settings === settings) return done.state;
  // What was shown before stays until the new one is there, but cannot be sent.
  return { busy: true, result: done?.picture === picture ? done.state.result : null, error: null };
}
