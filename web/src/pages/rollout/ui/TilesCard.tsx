import { Button, Card, Group, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useTiles } from '@/entities/rollout/api/getTiles';
import type { Rollout } from '@/entities/rollout/model/states';
import type { Tiles } from '@/entities/rollout/model/tiles';
import { TileMap } from '@/entities/rollout/ui/TileMap';
import { Permitted } from '@/entities/session/Permitted';
import { OrderDialog } from '@/features/rollout-orders/OrderDialog';
import { useTexts as useOrderTexts } from '@/features/rollout-orders/i18n';
import { useUrlParam } from '@/shared/lib/urlState';
import { Icon } from '@/shared/ui/icons';
import { PageState } from '@/shared/ui/PageState';
import { useTexts } from '../i18n';
import { TilesLegend } from './TilesLegend';
import { TilesReplay } from './TilesReplay';
import { useSections } from './useSections';

export function TilesCard({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const query = useTiles(rollout.id);
  const [back, setBack] = useUrlParam('replay');
  return (
    <Card withBorder component="section" aria-label={t('tiles')}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          {t('tiles')}
        </Title>
        {(back || rollout.started_at) && (
          <Button
            size="compact-sm"
            variant={back ? 'light' : 'default'}
            aria-pressed={back !== ''}
            leftSection={<Icon name="clock" size={14} />}
            onClick={() => setBack(back ? '' : '0')}
          >
            {t('replay.open')}
          </Button>
        )}
      </Group>
      <PageState query={query} scope="rollouts:read">
        {(tiles) =>
          back ? (
            <TilesReplay rollout={rollout} now={tiles} time={Number(back)} onTime={(time) => setBack(`${time}`)} />
          ) : (
            <Map tiles={tiles} rollout={rollout} />
          )
        }
      </PageState>
    </Card>
  );
}

function Map({ tiles, rollout }: { tiles: Tiles; rollout: Rollout }) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const sections = useSections(tiles, rollout);
  return (
    <>
      <TilesLegend tiles={tiles} />
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
