import { Button, Group, NumberInput, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { usePlaces, type PlaceKind } from '@/entities/device/api/listPlaces';
import { useSubmit } from '@/shared/lib/useSubmit';
import { CopyAsCli } from '@/shared/ui/CopyAsCli';
import { Dialog } from '@/shared/ui/Dialog';
import { useUiTexts } from '@/shared/ui/i18n';
import { ProblemAlert } from '@/shared/ui/PageState';
import { codeCommand, makeCodes, type CodeWish, type Kind, type NewCode } from './codes';
import { useTexts } from './i18n';
import { MadeCodes } from './MadeCodes';

/** Region and group → six digits, once, typed into the device; turns green when it has joined (B37). */
export function RegisterDialog({
  opened,
  kind = 'device',
  onClose,
}: {
  opened: boolean;
  kind?: Kind;
  onClose: () => void;
}) {
  const t = useTexts();
  return (
    <Dialog opened={opened} onClose={onClose} title={t('title')} size="lg">
      <Content kind={kind} onClose={onClose} />
    </Dialog>
  );
}

function Content({ kind, onClose }: { kind: Kind; onClose: () => void }) {
  const [made, setMade] = useState<{ kind: Kind; codes: NewCode[] } | null>(null);
  if (made) return <MadeCodes {...made} onAnother={() => setMade(null)} onClose={onClose} />;
  return <Wish initialKind={kind} onMade={setMade} onClose={onClose} />;
}

function Wish({
  initialKind,
  onMade,
  onClose,
}: {
  initialKind: Kind;
  onMade: (made: { kind: Kind; codes: NewCode[] }) => void;
  onClose: () => void;
}) {
  const t = useTexts();
  const ui = useUiTexts();
  const form = useForm({ initialValues: { kind: initialKind, region: '', group: '', ttl: '3600', count: 1 } });
  const { kind, region, group, ttl, count } = form.values;
  const wish: CodeWish = { kind, region: region || undefined, group: group || undefined, ttl_s: Number(ttl), count };
  const { busy, error, submit } = useSubmit(async () => onMade({ kind, codes: (await makeCodes(wish)).codes }));
  return (
    <form onSubmit={form.onSubmit(() => submit())}>
      <Stack>
        <Text size="sm">{t('intro')}</Text>
        <SegmentedControl
          aria-label={t('kind')}
          data={[
            { value: 'device', label: t('device') },
            { value: 'gateway', label: t('gateway') },
          ]}
          {...form.getInputProps('kind')}
        />
        <Group grow align="flex-start">
          <PlaceSelect
            kind="region"
            label={t('region')}
            value={region}
            onChange={(code) => form.setFieldValue('region', code)}
          />
          <PlaceSelect
            kind="group"
            label={t('group')}
            value={group}
            onChange={(code) => form.setFieldValue('group', code)}
          />
        </Group>
        <Group grow align="flex-start">
          <Select
            label={t('ttl')}
            allowDeselect={false}
            data={[
              { value: '600', label: t('minutes', { count: 10 }) },
              { value: '3600', label: t('hour') },
              { value: '86400', label: t('day') },
            ]}
            {...form.getInputProps('ttl')}
          />
          <NumberInput label={t('count')} min={1} max={1000} clampBehavior="strict" {...form.getInputProps('count')} />
        </Group>
        <CopyAsCli command={codeCommand(wish)} />
        {error !== null && <ProblemAlert error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {ui('cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('make', { count })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function PlaceSelect({
  kind,
  label,
  value,
  onChange,
}: {
  kind: PlaceKind;
  label: string;
  value: string;
  onChange: (code: string) => void;
}) {
  const t = useTexts();
  const places = usePlaces(kind);
  return (
    <Select
      label={label}
      placeholder={t('none')}
      clearable
      searchable
      value={value || null}
      onChange={(code) => onChange(code ?? '')}
      data={(places.data ?? []).map(({ code, name }) => ({ value: code, label: name || code }))}
    />
  );
}
