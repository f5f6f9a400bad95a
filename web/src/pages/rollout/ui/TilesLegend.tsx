import { Group, Text } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { DEVICE_STATES, DEVICE_STATE_LOOKS } from '@/entities/rollout/model/states';
import type { Tiles } from '@/entities/rollout/model/tiles';
import { formatNumber } from '@/shared/lib/format';
import { Icon } from '@/shared/ui/icons';

/** Colour, sign and word, with numbers that follow the squares. */
export function TilesLegend({ tiles }: { tiles: Tiles }) {
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
