import { Alert, Stack, Text } from '@mantine/core';
import type { LvglImage } from '../lib/lvgl/decode';
import { lvglErrorText, useLvglTexts } from '../lib/lvgl/i18n';
import type { Pixels } from '../lib/lvgl/pixels';
import { Icon } from './icons';
import { PixelScreen } from './PixelScreen';

interface Props {
  image: (LvglImage & { pixels: Pixels }) | null;
  error?: unknown;
  /** What the screen shows, for readers. */
  label: string;
  caption: string;
}

/** A display binary as a screen shows it: decoded, never the picture that it was made of. */
export function LvglPreview({ image, error, label, caption }: Props) {
  useLvglTexts();
  return (
    <Stack gap={4}>
      {error !== undefined && error !== null && (
        <Alert color="red" icon={<Icon name="warning" />} role="alert">
          {lvglErrorText(error)}
        </Alert>
      )}
      {image && <PixelScreen pixels={image.pixels} label={label} />}
      {(image || !error) && (
        <Text size="sm" c="dimmed">
          {caption}
        </Text>
      )}
    </Stack>
  );
}
