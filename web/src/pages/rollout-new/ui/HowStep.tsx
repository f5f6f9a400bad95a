import {
  Checkbox,
  Chip,
  Fieldset,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import { useTexts } from '../i18n';
import { DAYS, type Wish } from '../model/wish';
import { WavesEditor } from './WavesEditor';

interface Props {
  wish: Wish;
  set: (change: Partial<Wish>) => void;
}

const whole = (value: string | number) => Math.max(0, Math.floor(Number(value) || 0));

export function HowStep({ wish, set }: Props) {
  const t = useTexts();
  return (
    <Stack>
      <Fieldset legend={t('how.plan')}>
        <Stack gap="sm">
          <SegmentedControl
            aria-label={t('how.plan')}
            value={wish.plan}
            onChange={(plan) => set({ plan: plan as Wish['plan'] })}
            style={{ alignSelf: 'flex-start' }}
            data={(['canary', 'once', 'custom'] as const).map((value) => ({ value, label: t(`how.${value}`) }))}
          />
          {wish.plan === 'custom' ? (
            <WavesEditor waves={wish.waves} onChange={(waves) => set({ waves })} />
          ) : (
            <Text size="sm" c="dimmed">
              {t(wish.plan === 'once' ? 'how.onceText' : 'how.canaryText')}
            </Text>
          )}
        </Stack>
      </Fieldset>
      <Fieldset legend={t('how.when')}>
        <Stack gap="sm">
          <DateTimePicker
            label={t('how.start')}
            description={t('how.startHint')}
            clearable
            minDate={new Date()}
            maw={320}
            value={wish.startAt ? new Date(wish.startAt) : null}
            onChange={(value) => set({ startAt: value ? new Date(value).toISOString() : '' })}
          />
          <Switch
            label={t('how.window')}
            checked={wish.windowOn}
            onChange={(event) => set({ windowOn: event.currentTarget.checked })}
          />
          {wish.windowOn && <Window wish={wish} set={set} />}
        </Stack>
      </Fieldset>
      <Fieldset legend={t('how.pace')}>
        <Group align="flex-start" grow>
          <NumberInput
            label={t('how.rate')}
            description={t('how.noLimit')}
            min={0}
            value={wish.rate}
            onChange={(value) => set({ rate: whole(value) })}
          />
          <NumberInput
            label={t('how.inFlight')}
            description={t('how.noLimit')}
            min={0}
            value={wish.inFlight}
            onChange={(value) => set({ inFlight: whole(value) })}
          />
        </Group>
        <Group align="flex-start" grow mt="sm">
          <NumberInput
            label={t('how.retries')}
            min={0}
            max={100}
            value={wish.retries}
            onChange={(value) => set({ retries: whole(value) })}
          />
          <NumberInput
            label={t('how.expires')}
            min={1}
            max={365}
            value={wish.expireDays}
            onChange={(value) => set({ expireDays: Math.max(1, whole(value)) })}
          />
        </Group>
      </Fieldset>
      <Fieldset legend={t('how.people')}>
        <Stack gap="sm">
          <Checkbox
            label={t('how.approval')}
            checked={wish.approval}
            onChange={(event) => set({ approval: event.currentTarget.checked })}
          />
          <Select
            label={t('how.joining')}
            allowDeselect={false}
            maw={320}
            value={wish.joining}
            onChange={(value) => set({ joining: (value ?? 'no') as Wish['joining'] })}
            data={(['no', 'while_running', 'until_expiry'] as const).map((value) => ({
              value,
              label: t(`how.join.${value}`),
            }))}
          />
        </Stack>
      </Fieldset>
    </Stack>
  );
}

function Window({ wish, set }: Props) {
  const t = useTexts();
  return (
    <Group align="flex-end">
      <div role="group" aria-label={t('how.days')}>
        <Text size="sm" fw={500}>
          {t('how.days')}{' '}
          <Text span size="xs" c="dimmed">
            {t('how.daysHint')}
          </Text>
        </Text>
        <Chip.Group multiple value={wish.windowDays} onChange={(windowDays) => set({ windowDays })}>
          <Group gap={4} mt={4}>
            {DAYS.map((day) => (
              <Chip key={day} value={day} size="xs">
                {t(`how.day.${day}`)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </div>
      <TextInput
        type="time"
        label={t('how.from')}
        value={wish.windowFrom}
        onChange={(event) => set({ windowFrom: event.currentTarget.value })}
      />
      <TextInput
        type="time"
        label={t('how.to')}
        value={wish.windowTo}
        onChange={(event) => set({ windowTo: event.currentTarget.value })}
      />
    </Group>
  );
}
