import { decodeLvgl, type LvglImage } from '@/shared/lib/lvgl/decode';
import { encodeLvgl } from '@/shared/lib/lvgl/encode';
import { FACTS, type Format, formatsOf, type Version } from '@/shared/lib/lvgl/formats';
import { parseColour, type Pixels } from '@/shared/lib/lvgl/pixels';
import { type Fit, fitToScreen } from '@/shared/lib/lvgl/resize';

export interface Settings {
  width: number;
  height: number;
  version: Version;
  format: Format;
  fit: Fit;
  background: string; // #rrggbb
  dither: boolean;
}

export const SCREENS = [
  { width: 800, height: 480 },
  { width: 1024, height: 600 },
  { width: 480, height: 320 },
  { width: 480, height: 272 },
  { width: 320, height: 240 },
  { width: 240, height: 240 },
] as const;

export const DEFAULTS: Settings = {
  ...SCREENS[0],
  version: 9,
  format: 'RGB565',
  fit: 'contain',
  background: '#000000',
  dither: false,
};

export interface Converted {
  file: Uint8Array<ArrayBuffer>;
  image: LvglImage & { pixels: Pixels };
}

/** The file for the screen, and what a screen makes of it. Throws LvglError. */
export function convert(picture: Pixels, settings: Settings): Converted {
  const { width, height, version, format, fit, dither } = settings;
  const background = parseColour(settings.background);
  const screen = fitToScreen(picture, { width, height }, fit, FACTS[format].alpha ? null : background);
  const file = encodeLvgl(screen, { version, format, dither, background });
  return { file, image: decodeLvgl(file, format === 'RGB565_SWAPPED') };
}

/** The same settings for another version, whose formats are not all the same. */
export function withVersion(settings: Settings, version: Version): Settings {
  const format = formatsOf(version).includes(settings.format) ? settings.format : DEFAULTS.format;
  return { ...settings, version, format };
}

export const dithers = (format: Format) => FACTS[format].colours > 0 || format.includes('565');

/** `spring.png` for the screen: `spring.bin`. */
export function displayName(pictureName: string): string {
  return `${pictureName.replace(/\.[^.]*$/, '') || 'picture'}.bin`;
}
