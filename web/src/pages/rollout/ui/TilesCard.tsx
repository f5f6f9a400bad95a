import { Button, Card, Group, Text, Title } from '@mantine/core';
import { useMemo, useState, useSyncExternalStore } from 'react';
import { useNavigate } from 'react-router';
import { useTiles } from '@/entities/rollout/api/getTiles';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { DEVICE_STATES, DEVICE_STATE_LOOKS, type Rollout } from '@/entities/rollout/model/states';
import { tileSections, type Tiles } from '@/entities/rollout/model/tiles';
import { TileMap } from '@/entities/rollout/ui/TileMap';
import { Permitted } from '@/entities/session/Permitted';
import { OrderDialog } from '@/features/rollout-orders/OrderDialog';
import { useTexts as useOrderTexts } from '@/features/rollout-orders/i18n';
import { formatNumber } from '@/shared/lib/format';
import { Icon } from '@/shared/ui/icons';
import { PageState } from '@/shared/ui/PageState';
import { useTexts } from '../i18n';

export function TilesCard({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const query = useTiles(rollout.id);
  return (
    <Card withBorder component="section" aria-label={t('tiles')}>
      <Title order={2} size="h5" mb="sm">
        {t('tiles')}
      </Title>
      <PageState query={query} scope="rollouts:read">
        {(tiles) => <Map tiles={tiles} rollout={rollout} />}
      </PageState>
    </Card>
  );
}

function Map({ tiles, rollout }: { tiles: Tiles; rollout: Rollout }) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const waves = rollout.waves?.map(({ number, devices }) => `${number}:${devices}`).join() ?? '';
  const joining = (rollout.spec as { joining?: unknown } | undefined)?.joining;
  const sections = useMemo(() => {
    const parsed = waves
      .split(',')
      .filter(Boolean)
      .map((text) => {
        const [number = 0, devices = 0] = text.split(':').map(Number);
        return { number, devices };
      });
    return tileSections(tiles.size, parsed, joining);
  }, [tiles.size, waves, joining]);
  return (
    <>
      <Legend tiles={tiles} />
      <TileMap
        tiles={tiles}
        sections={sections}
        onOpen={(device) => void navigate(`/devices/${encodeURIComponent(device)}`)}
        onSelect={setChosen}
      />
      {chosen.length > 0 && <Chosen rollout={rollout} devices={chosen} onClear={() => setChosen([])} />}
    </>
  );
}

/** Colour, sign and word, with numbers that follow the squares. */
function Legend({ tiles }: { tiles: Tiles }) {
  const words = useRolloutTexts();
  const numbers = useSyncExternalStore(
    (changed) => tiles.listen(() => changed()),
    () => tiles.counts.join(),
  ).split(',');
  return (
    <Group gap="md" mb="xs">
      {DEVICE_STATES.map((state, code) => {
        const count = Number(numbers[code]);
        if (count === 0) return null;
        const { color, icon } = DEVICE_STATE_LOOKS[state];
        return (
          <Group key={state} gap={5}>
            <span
              style={{
                width: 12,
                height: 12,
                background: `var(--mantine-color-${color.replace('.', '-')})`,
                borderRadius: 2,
              }}
            />
            <Icon name={icon} size={13} />
            <Text size="xs">
              {words(`device.${state}`)} <b>{formatNumber(count)}</b>
            </Text>
          </Group>
        );
      })}
    </Group>
  );
}

const MOST_IN_FILTER = 100; // values of one term

function Chosen({ rollout, devices, onClear }: { rollout: Rollout; devices: string[]; onClear: () => void }) {
  const t = useTexts();
  const orders = useOrderTexts();
  const navigate = useNavigate();
  const [word, setWord] = useState<'retry' | 'cancel' | null>(null);
  const over = rollout.state === 'aborted' || rollout.state === 'completed';
  return (
    <Group gap="sm" mt="xs" role="region" aria-label={t('tilesChosen', { count: devices.length })}>
      <Text size="sm" fw={600}>
        {t('tilesChosen', { count: devices.length })}
      </Text>
      {devices.length <= MOST_IN_FILTER && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() =>
            void navigate(`/devices?filter=${encodeURIComponent(`id=${devices.map((id) => `"${id}"`).join(',')}`)}`)
          }
        >
          {t('show')}
        </Button>
      )}
      {(['retry', 'cancel'] as const).map((one) => (
        <Permitted key={one} scope="rollouts:write">
          {(disabled) => (
            <Button
              size="compact-sm"
              variant="default"
              disabled={disabled || (over && one === 'cancel')}
              onClick={() => setWord(one)}
            >
              {orders(`action.${one}`)}
            </Button>
          )}
        </Permitted>
      ))}
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        {t('chooseNone')}
      </Button>
      {word && <OrderDialog rollout={rollout} word={word} devices={devices} onClose={() => setWord(null)} />}
    </Group>
  );
}
