import { Alert, MultiSelect, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { usePlaces, type PlaceKind } from '@/entities/device/api/listPlaces';
import { usePlan } from '@/entities/rollout/api/planRollout';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { formatNumber } from '@/shared/lib/format';
import { Icon } from '@/shared/ui/icons';
import { ProblemAlert } from '@/shared/ui/PageState';
import { useTexts } from '../i18n';
import { hasTargets, targetsOf, type Who, type Wish } from '../model/wish';

interface Props {
  wish: Wish;
  set: (change: Partial<Wish>) => void;
}

export function WhoStep({ wish, set }: Props) {
  const t = useTexts();
  return (
    <Stack>
      <SegmentedControl
        aria-label={t('steps.who')}
        value={wish.who}
        onChange={(who) => set({ who: who as Who })}
        style={{ alignSelf: 'flex-start' }}
        data={(['places', 'filter', 'devices', 'all'] as const).map((value) => ({ value, label: t(`who.${value}`) }))}
      />
      {wish.who === 'places' && (
        <>
          <Places
            kind="region"
            label={t('who.regions')}
            value={wish.regions}
            onChange={(regions) => set({ regions })}
          />
          <Places kind="group" label={t('who.groups')} value={wish.groups} onChange={(groups) => set({ groups })} />
          <Text size="xs" c="dimmed">
            {t('who.union')}
          </Text>
        </>
      )}
      {wish.who === 'filter' && (
        <TextInput
          label={t('who.filterText')}
          description={t('who.filterHint')}
          maxLength={1024}
          value={wish.filter}
          onChange={(event) => set({ filter: event.currentTarget.value })}
          styles={{ input: { fontFamily: 'monospace' } }}
        />
      )}
      {wish.who === 'devices' && (
        <Textarea
          label={t('who.ids')}
          description={t('who.idsHint')}
          autosize
          minRows={3}
          maxRows={12}
          defaultValue={wish.devices.join('\n')}
          onChange={(event) => set({ devices: event.currentTarget.value.split(/[\s,]+/).filter(Boolean) })}
          styles={{ input: { fontFamily: 'monospace' } }}
        />
      )}
      <Count wish={wish} />
    </Stack>
  );
}

function Places({
  kind,
  label,
  value,
  onChange,
}: {
  kind: PlaceKind;
  label: string;
  value: string[];
  onChange: (codes: string[]) => void;
}) {
  const places = usePlaces(kind);
  return (
    <MultiSelect
      label={label}
      searchable
      clearable
      value={value}
      onChange={onChange}
      data={(places.data ?? []).map(({ code, name, devices }) => ({
        value: code,
        label: `${name || code} (${formatNumber(devices)})`,
      }))}
    />
  );
}

/** Who takes part and who not, from the server's own plan; it follows what is typed. */
function Count({ wish }: { wish: Wish }) {
  const t = useTexts();
  const words = useRolloutTexts();
  const [settled] = useDebouncedValue(wish, 400);
  const ready = settled.parts.length > 0 && hasTargets(settled);
  const plan = usePlan(ready ? { contents: settled.parts, targets: targetsOf(settled) } : null);
  if (!ready) {
    return (
      <Text size="sm" c="dimmed" role="status">
        {t(settled.parts.length ? 'who.choose' : 'who.chooseWhat')}
      </Text>
    );
  }
  if (plan.error) return <ProblemAlert error={plan.error} />;
  if (!plan.data) {
    return (
      <Text size="sm" role="status">
        {t('who.counting')}
      </Text>
    );
  }
  const { devices, excluded, excluded_by_reason } = plan.data;
  return (
    <Alert
      role="status"
      color={devices ? 'blue' : 'red'}
      icon={<Icon name={devices ? 'devices' : 'warning'} />}
      title={devices ? t('who.takePart', { count: devices }) : t('who.nobody')}
    >
      {excluded > 0 && (
        <Text size="sm">
          {t('who.leftOut', { count: excluded })}:{' '}
          {Object.entries(excluded_by_reason)
            .map(([reason, count]) => `${words(`reason.${reason as 'retired'}`)} ${formatNumber(count)}`)
            .join(', ')}
        </Text>
      )}
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {plan.data.waves[0]?.sample.slice(0, 8).join(', ')}
        {devices > 8 && ' …'}
      </Text>
    </Alert>
  );
}
