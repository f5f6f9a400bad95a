import { Alert, Button, Code, Group, List, Progress, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { deviceKeys } from '@/entities/device/api/keys';
import { walkDevices, type Device, type DeviceSelection } from '@/entities/device/api/listDevices';
import { placeKeys, usePlaces, type PlaceKind } from '@/entities/device/api/listPlaces';
import { problemText } from '@/shared/api/problemTexts';
import { formatNumber } from '@/shared/lib/format';
import { CopyAsCli } from '@/shared/ui/CopyAsCli';
import { Dialog } from '@/shared/ui/Dialog';
import { Icon } from '@/shared/ui/icons';
import { useUiTexts } from '@/shared/ui/i18n';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import {
  bulkCommand,
  changeDevice,
  DANGEROUS,
  isComplete,
  TYPE_ABOVE,
  type BulkAction,
  type BulkInput,
} from './actions';
import { useTexts } from './i18n';
import { runBulk, type BulkResult } from './run';

interface Props {
  action: BulkAction;
  count: number;
  /** null: all that match `selection`. */
  devices: Device[] | null;
  selection: DeviceSelection;
  onClose: (changed: boolean) => void;
}

export function BulkDialog({ action, count, devices, selection, onClose }: Props) {
  const t = useTexts();
  const ui = useUiTexts();
  const client = useQueryClient();
  const [input, setInput] = useState<BulkInput>({ key: '', value: '', place: null, reason: '' });
  const [typed, setTyped] = useState('');
  const [total, setTotal] = useState(count);
  const [running, setRunning] = useState(false);
  const [result, setResult] = useState<BulkResult | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController | null>(null);
  const mustType = DANGEROUS.has(action) && count > TYPE_ABOVE;

  const run = async () => {
    const controller = (stop.current = new AbortController());
    setRunning(true);
    setError(null);
    try {
      const all = devices ?? [];
      // Read to the end first: what is changed may stop to match.
      if (!devices) await walkDevices(selection, controller.signal, (page) => void all.push(...page));
      setTotal(all.length);
      const outcome = await runBulk(
        all,
        (device) => changeDevice(action, input, device),
        (part) => setResult({ ...part }),
        controller.signal,
      );
      setResult(outcome);
      void client.invalidateQueries({ queryKey: deviceKeys.all });
      void client.invalidateQueries({ queryKey: placeKeys.all });
      if (outcome.failed.length === 0 && !controller.signal.aborted) {
        toastDone(t('done', { action: t(`action.${action}`), count: outcome.done }));
        onClose(true);
      }
    } catch (caught) {
      if (!controller.signal.aborted) setError(caught);
    } finally {
      setRunning(false);
    }
  };
  const set = (change: Partial<BulkInput>) => setInput((before) => ({ ...before, ...change }));
  const over = result !== null && !running;
  const ready = isComplete(action, input) && (!mustType || typed === String(count));
  return (
    <Dialog opened onClose={() => !running && onClose(over)} title={t(`action.${action}`)}>
      <Stack>
        <Text size="sm">
          {t('about', { count: count })} {t(`text.${action}`)}
        </Text>
        {!over && !running && (
          <>
            <Fields action={action} input={input} set={set} />
            {mustType && (
              <TextInput
                label={t('typeCount', { digits: String(count) })}
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
            )}
            {count > 1 && (
              <Text size="xs" c="dimmed">
                {t('each')}
              </Text>
            )}
            <CopyAsCli command={bulkCommand(action, input, count === 1 ? devices?.[0] : undefined)} />
          </>
        )}
        {running && (
          <div role="status">
            <Text size="sm">
              {result
                ? t('progress', { done: formatNumber(result.done + result.failed.length), total: formatNumber(total) })
                : t('reading')}
            </Text>
            <Progress
              value={result ? ((result.done + result.failed.length) / total) * 100 : 0}
              aria-label={t('progress', { done: result?.done ?? 0, total })}
            />
          </div>
        )}
        {over && <Outcome action={action} result={result} total={total} />}
        {error !== null && <ProblemAlert error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => (running ? stop.current?.abort() : onClose(over))}>
            {running ? t('stop') : over ? ui('close') : ui('cancel')}
          </Button>
          {!over && (
            <Button
              color={DANGEROUS.has(action) ? 'red' : undefined}
              loading={running}
              disabled={!ready}
              onClick={() => void run()}
            >
              {t(`action.${action}`)}
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}

function Fields({
  action,
  input,
  set,
}: {
  action: BulkAction;
  input: BulkInput;
  set: (change: Partial<BulkInput>) => void;
}) {
  const t = useTexts();
  if (action === 'group' || action === 'region')
    return <PlaceField kind={action} value={input.place} onChange={(place) => set({ place })} />;
  if (action === 'revoke')
    return (
      <TextInput
        label={t('reason')}
        description={t('reasonHint')}
        maxLength={256}
        value={input.reason}
        onChange={(event) => set({ reason: event.currentTarget.value })}
      />
    );
  if (action !== 'tag' && action !== 'untag') return null;
  return (
    <Group grow align="flex-start">
      <TextInput
        label={t('key')}
        required
        data-autofocus
        value={input.key}
        onChange={(event) => set({ key: event.currentTarget.value })}
      />
      {action === 'tag' && (
        <TextInput
          label={t('value')}
          maxLength={128}
          value={input.value}
          onChange={(event) => set({ value: event.currentTarget.value })}
        />
      )}
    </Group>
  );
}

function PlaceField({
  kind,
  value,
  onChange,
}: {
  kind: PlaceKind;
  value: string | null;
  onChange: (code: string | null) => void;
}) {
  const t = useTexts();
  const places = usePlaces(kind);
  return (
    <Select
      label={t('place')}
      placeholder={t('noPlace')}
      clearable
      searchable
      value={value}
      onChange={onChange}
      data={(places.data ?? []).map(({ code, name }) => ({ value: code, label: name || code }))}
    />
  );
}

function Outcome({ action, result, total }: { action: BulkAction; result: BulkResult; total: number }) {
  const t = useTexts();
  const ended = result.done + result.failed.length === total;
  return (
    <Alert
      color={result.failed.length ? 'orange' : 'gray'}
      icon={<Icon name={result.failed.length ? 'warning' : 'info'} />}
      role="alert"
      title={
        ended
          ? t('partly', { action: t(`action.${action}`), done: result.done, failed: result.failed.length })
          : t('stopped', { done: result.done, total })
      }
    >
      <List size="sm">
        {result.failed.slice(0, 20).map(({ id, problem }) => (
          <List.Item key={id}>
            <Code>{id}</Code> {problem.detail || problemText(problem.code).title}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
