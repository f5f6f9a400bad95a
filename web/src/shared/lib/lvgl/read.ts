import { makePixels, type Pixels } from './pixels';

export const MOST_MEGAPIXELS = 40;

export class PictureError extends Error {
  constructor(
    readonly code: 'pictureBad' | 'pictureLarge',
    readonly values: Record<string, string | number>,
  ) {
    super(code);
    this.name = 'PictureError';
  }
}

/** The pixels of a picture file, by the browser's own decoder, turned as its camera says. */
export async function readPicture(file: File): Promise<Pixels> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new PictureError('pictureBad', { name: file.name });
  }
  const { width, height } = bitmap;
  try {
    if (width * height > MOST_MEGAPIXELS * 1e6)
      throw new PictureError('pictureLarge', { name: file.name, width, height, most: MOST_MEGAPIXELS });
    const context = new OffscreenCanvas(width, height).getContext('2d');
    if (!context) throw new PictureError('pictureBad', { name: file.name });
    context.drawImage(bitmap, 0, 0);
    const pixels = makePixels(width, height);
    pixels.data.set(context.getImageData(0, 0, width, height).data);
    return pixels;
  } finally {
    bitmap.close();
  }
}
