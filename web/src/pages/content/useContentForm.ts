import { useState } from 'react';
import { useAddContent } from '@/entities/content/api/changeContent';
import { decodeLvgl } from '@/shared/lib/lvgl/decode';
import type { Pixels } from '@/shared/lib/lvgl/pixels';
import { readPicture } from '@/shared/lib/lvgl/read';
import { useUpload } from '@/shared/lib/upload/useUpload';
import { DEFAULTS, displayName, type Converted, type Settings } from './convert';
import { useConversion } from './useConversion';

interface Picture {
  file: File;
  pixels: Pixels | null;
  error: unknown;
}

interface Own {
  file: File;
  bytes: Uint8Array<ArrayBuffer>;
}

function decodeOwn(own: Own, swapped: boolean): { result: Converted | null; error: unknown } {
  try {
    return { result: { file: own.bytes, image: decodeLvgl(own.bytes, swapped) }, error: null };
  } catch (error) {
    return { result: null, error };
  }
}

/** The picture for people, the binary for screens, made of it or brought along, and both on their way. */
export function useContentForm() {
  const [picture, setPicture] = useState<Picture | null>(null);
  const [settings, setSettings] = useState<Settings>(DEFAULTS);
  const [mode, setMode] = useState<'convert' | 'own'>('convert');
  const [swapped, setSwapped] = useState(false);
  const [own, setOwn] = useState<Own | null>(null);
  const [sending, setSending] = useState<'picture' | 'binary' | null>(null);
  const conversion = useConversion(picture?.pixels ?? null, settings);
  const upload = useUpload();
  const add = useAddContent();

  const choosePicture = async (file: File) => {
    setPicture({ file, pixels: null, error: null });
    try {
      setPicture({ file, pixels: await readPicture(file), error: null });
    } catch (error) {
      setPicture({ file, pixels: null, error });
    }
  };
  const chooseOwn = async (file: File) => setOwn({ file, bytes: new Uint8Array(await file.arrayBuffer()) });

  const decoded = own ? decodeOwn(own, swapped) : { result: null, error: null };
  const shown = mode === 'convert' ? conversion : { busy: false, ...decoded };
  const ready = picture !== null && picture.error === null && shown.result !== null && !shown.busy;

  /** False when it was cancelled. */
  const register = async (title: string, description: string): Promise<boolean> => {
    if (!picture || !shown.result) return false;
    const name = mode === 'own' && own ? own.file.name : displayName(picture.file.name);
    try {
      setSending('picture');
      const original = await upload.send(picture.file);
      if (!original) return false;
      setSending('binary');
      const display = await upload.send(new File([shown.result.file], name));
      if (!display) return false;
      await add.mutateAsync({ title, description, original: original.id, display: display.id });
      return true;
    } finally {
      setSending(null);
    }
  };
  return {
    picture,
    choosePicture,
    settings,
    setSettings,
    mode,
    setMode,
    swapped,
    setSwapped,
    own,
    chooseOwn,
    shown,
    ready,
    register,
    sending,
    upload,
  };
}
