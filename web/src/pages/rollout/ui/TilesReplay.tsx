import { Group, Slider, Text } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { useReplay } from '@/entities/rollout/api/getReplay';
import { hasBegun, stepOf, tilesAt, timeOf, type Replay } from '@/entities/rollout/model/replay';
import type { Rollout } from '@/entities/rollout/model/states';
import type { Tiles } from '@/entities/rollout/model/tiles';
import { TileMap } from '@/entities/rollout/ui/TileMap';
import { formatTime } from '@/shared/lib/format';
import { PageState } from '@/shared/ui/PageState';
import { useTexts } from '../i18n';
import { TilesLegend } from './TilesLegend';
import { useSections } from './useSections';

interface Props {
  rollout: Rollout;
  now: Tiles;
  /** The moment looked back at, in milliseconds; what is no moment of the rollout is its nearest one. */
  time: number;
  onTime: (time: number) => void;
}

const SETTLED_MS = 200; // a held key moves thirty times a second; browsers let an address change far less often

/** The rollout as it went, under a hand on a slider. */
export function TilesReplay(props: Props) {
  const t = useTexts();
  return (
    <PageState query={useReplay(props.rollout.id)} scope="rollouts:read">
      {(replay) =>
        hasBegun(replay) ? <Moment {...props} replay={replay} /> : <Text size="sm">{t('replay.nothing')}</Text>
      }
    </PageState>
  );
}

function Moment({ rollout, now, time, onTime, replay }: Props & { replay: Replay }) {
  const t = useTexts();
  const navigate = useNavigate();
  const sections = useSections(now, rollout);
  const [shown, setShown] = useHand(time, onTime);
  const step = stepOf(replay, shown);
  const tiles = useMemo(() => tilesAt(now, replay, step), [replay, now, step]);
  const at = formatTime(timeOf(replay, step));
  return (
    <>
      <Group wrap="nowrap" mb="sm">
        <Slider
          flex={1}
          max={Math.max(1, replay.steps)}
          value={step}
          onChange={(next) => setShown(timeOf(replay, next))}
          label={null}
          thumbLabel={t('replay.slider')}
          thumbValueText={at}
        />
        <Text size="sm" role="status" style={{ whiteSpace: 'nowrap' }}>
          {t('replay.at', { time: at })}
        </Text>
      </Group>
      <Text size="xs" c="dimmed" mb="sm">
        {t('replay.note')}
      </Text>
      <TilesLegend tiles={tiles} />
      <TileMap
        tiles={tiles}
        sections={sections}
        onOpen={(device) => void navigate(`/devices/${encodeURIComponent(device)}`)}
      />
    </>
  );
}

/** The time under a hand, at once; told only when the hand has come to rest. */
function useHand(told: number, onRest: (time: number) => void) {
  const [hand, setHand] = useState(told);
  const [known, setKnown] = useState(told);
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(rest.current), []);
  if (!Object.is(known, told)) {
    setKnown(told);
    setHand(told);
  }
  const move = (time: number) => {
    setHand(time);
    clearTimeout(rest.current);
    rest.current = setTimeout(() => onRest(time), SETTLED_MS);
  };
  return [hand, move] as const;
}
