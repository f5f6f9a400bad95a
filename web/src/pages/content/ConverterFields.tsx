import { Checkbox, ColorInput, Group, Input, NumberInput, SegmentedControl, Select, Stack } from '@mantine/core';
import { type Format, formatsOf } from '@/shared/lib/lvgl/formats';
import { type Fit, FITS } from '@/shared/lib/lvgl/resize';
import { dithers, SCREENS, type Settings, withVersion } from './convert';
import { useRegisterTexts } from './registerTexts';

const sizeName = ({ width, height }: { width: number; height: number }) => `${width} × ${height}`;

export function ConverterFields({
  settings,
  onChange,
}: {
  settings: Settings;
  onChange: (settings: Settings) => void;
}) {
  const t = useRegisterTexts();
  const set = (part: Partial<Settings>) => onChange({ ...settings, ...part });
  const preset = SCREENS.find(({ width, height }) => width === settings.width && height === settings.height);
  return (
    <Stack gap="sm">
      <Group grow align="flex-end">
        <Select
          label={t('screen')}
          allowDeselect={false}
          data={[...SCREENS.map(sizeName), { value: 'custom', label: t('custom') }]}
          value={preset ? sizeName(preset) : 'custom'}
          onChange={(name) => {
            const screen = SCREENS.find((one) => sizeName(one) === name);
            set(screen ?? { width: settings.width + 1 });
          }}
        />
        <NumberInput
          label={t('width')}
          min={1}
          max={65535}
          allowDecimal={false}
          value={settings.width}
          onChange={(width) => set({ width: Number(width) || 1 })}
        />
        <NumberInput
          label={t('height')}
          min={1}
          max={65535}
          allowDecimal={false}
          value={settings.height}
          onChange={(height) => set({ height: Number(height) || 1 })}
        />
      </Group>
      <Group grow align="flex-end">
        <Select
          label={t('version')}
          allowDeselect={false}
          data={[
            { value: '9', label: t('versions.v9') },
            { value: '8', label: t('versions.v8') },
          ]}
          value={String(settings.version)}
          onChange={(version) => onChange(withVersion(settings, version === '8' ? 8 : 9))}
        />
        <Select
          label={t('format')}
          allowDeselect={false}
          data={formatsOf(settings.version).map((value) => ({ value, label: t(`formats.${value}`) }))}
          value={settings.format}
          onChange={(format) => set({ format: (format ?? 'RGB565') as Format })}
        />
      </Group>
      <div>
        <Input.Label component="div" id="content-fit">
          {t('fit')}
        </Input.Label>
        <SegmentedControl
          fullWidth
          aria-labelledby="content-fit"
          data={FITS.map((value) => ({ value, label: t(`fits.${value}`) }))}
          value={settings.fit}
          onChange={(fit) => set({ fit: fit as Fit })}
        />
      </div>
      <Group grow align="flex-start">
        <ColorInput
          label={t('background')}
          withEyeDropper={false}
          value={settings.background}
          onChange={(background) => set({ background })}
        />
        <Checkbox
          mt={28}
          label={t('dither')}
          description={t('ditherHint')}
          disabled={!dithers(settings.format)}
          checked={settings.dither && dithers(settings.format)}
          onChange={(event) => set({ dither: event.currentTarget.checked })}
        />
      </Group>
    </Stack>
  );
}
