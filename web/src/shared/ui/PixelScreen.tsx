import { useEffect, useRef } from 'react';
import type { Pixels } from '../lib/lvgl/pixels';
import classes from './PixelScreen.module.css';

interface Props {
  pixels: Pixels;
  /** What it shows, for readers. */
  label: string;
}

/** Pixels as a device's screen has them: one for one, only scaled down as a whole where there is no room. */
export function PixelScreen({ pixels, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    context?.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0);
  }, [pixels]);
  return (
    <canvas
      ref={canvas}
      className={classes.screen}
      width={pixels.width}
      height={pixels.height}
      role="img"
      aria-label={label}
    />
  );
}
