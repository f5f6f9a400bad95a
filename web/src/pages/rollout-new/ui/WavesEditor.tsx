import { ActionIcon, Button, Group, MultiSelect, NumberInput, Select, Stack, Text } from '@mantine/core';
import { usePlaces } from '@/entities/device/api/listPlaces';
import { Icon } from '@/shared/ui/icons';
import { useTexts } from '../i18n';
import type { WaveForm } from '../model/wish';

const whole = (value: string | number, most: number) => Math.max(0, Math.min(most, Math.floor(Number(value) || 0)));
const MOST_WAVES = 31;

export function WavesEditor({ waves, onChange }: { waves: WaveForm[]; onChange: (waves: WaveForm[]) => void }) {
  const t = useTexts();
  const change = (at: number, more: Partial<WaveForm>) =>
    onChange(waves.map((wave, index) => (index === at ? { ...wave, ...more } : wave)));
  return (
    <Stack gap="xs">
      {waves.map((wave, index) => (
        <Wave
          key={index}
          number={index + 1}
          wave={wave}
          onChange={(more) => change(index, more)}
          onRemove={waves.length > 1 ? () => onChange(waves.filter((_, at) => at !== index)) : undefined}
        />
      ))}
      <Text size="xs" c="dimmed">
        {t('how.rest')}
      </Text>
      <Button
        variant="default"
        size="xs"
        leftSection={<Icon name="plus" size={14} />}
        disabled={waves.length >= MOST_WAVES}
        style={{ alignSelf: 'flex-start' }}
        onClick={() => onChange([...waves, { ...waves[waves.length - 1]!, by: 'percent', amount: 100, groups: [] }])}
      >
        {t('how.addWave')}
      </Button>
    </Stack>
  );
}

interface WaveProps {
  number: number;
  wave: WaveForm;
  onChange: (more: Partial<WaveForm>) => void;
  onRemove?: () => void;
}

function Wave({ number, wave, onChange, onRemove }: WaveProps) {
  const t = useTexts();
  const groups = usePlaces('group');
  return (
    <Group align="flex-end" gap="xs" role="group" aria-label={t('how.wave', { number })}>
      <Text fw={600} size="sm" w={64} pb={8}>
        {t('how.wave', { number })}
      </Text>
      {wave.by === 'groups' ? (
        <MultiSelect
          label={t('how.amount')}
          w={200}
          value={wave.groups}
          onChange={(value) => onChange({ groups: value })}
          data={(groups.data ?? []).map(({ code, name }) => ({ value: code, label: name || code }))}
        />
      ) : (
        <NumberInput
          label={t('how.amount')}
          w={110}
          min={1}
          max={wave.by === 'percent' ? 100 : undefined}
          value={wave.amount}
          onChange={(value) => onChange({ amount: whole(value, wave.by === 'percent' ? 100 : 1e9) })}
        />
      )}
      <Select
        label={t('how.by')}
        w={210}
        allowDeselect={false}
        value={wave.by}
        onChange={(by) => onChange({ by: by as WaveForm['by'] })}
        data={(['percent', 'count', 'groups'] as const).map((value) => ({ value, label: t(`how.${value}`) }))}
      />
      <NumberInput
        label={t('how.success')}
        w={150}
        min={0}
        max={100}
        value={wave.success}
        onChange={(value) => onChange({ success: whole(value, 100) })}
      />
      <NumberInput
        label={t('how.failure')}
        w={140}
        min={0}
        max={100}
        value={wave.failure}
        onChange={(value) => onChange({ failure: whole(value, 100) })}
      />
      <NumberInput
        label={t('how.soak')}
        w={120}
        min={0}
        value={wave.soakMinutes}
        onChange={(value) => onChange({ soakMinutes: whole(value, 1e6) })}
      />
      {onRemove && (
        <ActionIcon variant="default" size="lg" aria-label={t('how.removeWave', { number })} onClick={onRemove}>
          <Icon name="trash" size={14} />
        </ActionIcon>
      )}
    </Group>
  );
}
