import { Button, Group, Paper, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Device, DeviceSelection } from '@/entities/device/api/listDevices';
import { Permitted } from '@/entities/session/Permitted';
import { formatNumber } from '@/shared/lib/format';
import { Icon } from '@/shared/ui/icons';
import { ActionMenu } from './ActionMenu';
import { BulkDialog } from './BulkDialog';
import type { BulkAction } from './actions';
import { useTexts } from './i18n';

interface Props {
  selected: ReadonlySet<string>;
  rows: readonly Device[];
  total: number | undefined;
  selection: DeviceSelection;
  onDone: () => void;
}

const ACTIONS: BulkAction[] = ['tag', 'untag', 'group', 'region', 'activate', 'deactivate', 'revoke', 'remove'];
const MOST_IN_ADDRESS = 50;

/** What can be done with chosen rows, or with everything that matches. */
export function BulkBar({ selected, rows, total, selection, onDone }: Props) {
  const t = useTexts();
  const [all, setAll] = useState(false);
  const [action, setAction] = useState<BulkAction | null>(null);
  if (selected.size === 0) return null;
  const everything = all && total !== undefined;
  const count = everything ? total : selected.size;
  const clear = () => {
    setAll(false);
    onDone();
  };
  return (
    <Paper withBorder p="xs" role="region" aria-label={t('selected', { count })}>
      <Group gap="sm">
        <Text size="sm" fw={600}>
          {everything ? t('all', { total: formatNumber(total) }) : t('selected', { count: count })}
        </Text>
        {!everything && total !== undefined && total > selected.size && (
          <Button size="compact-sm" variant="subtle" onClick={() => setAll(true)}>
            {t('takeAll', { total: formatNumber(total) })}
          </Button>
        )}
        <Button size="compact-sm" variant="subtle" color="gray" onClick={clear}>
          {t('clear')}
        </Button>
        <Permitted scope="rollouts:write">
          {(disabled) => (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<Icon name="rollouts" size={14} />}
              disabled={disabled}
              component={Link}
              to={rolloutAddress(everything ? null : selected, selection)}
            >
              {t('deploy')}
            </Button>
          )}
        </Permitted>
        <ActionMenu actions={ACTIONS} size="compact-sm" onChoose={setAction} />
      </Group>
      {action && (
        <BulkDialog
          action={action}
          count={count}
          devices={everything ? null : rows.filter((row) => selected.has(row.id))}
          selection={selection}
          onClose={(changed) => {
            setAction(null);
            if (changed) clear();
          }}
        />
      )}
    </Paper>
  );
}

/** The form of a new rollout with these devices chosen. */
function rolloutAddress(selected: ReadonlySet<string> | null, { filter, saved }: DeviceSelection): string {
  const query = new URLSearchParams();
  if (selected && selected.size <= MOST_IN_ADDRESS) for (const id of selected) query.append('device', id);
  else if (filter) query.set('filter', filter);
  else if (!saved) query.set('all', '1');
  if (!selected && saved) query.set('saved', saved);
  return `/rollouts/new?${query}`;
}
