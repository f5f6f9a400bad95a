import type { MantineTheme } from '@mantine/core';
import { DEVICE_STATES, DEVICE_STATE_LOOKS } from '../model/states';
import type { TileColors } from './paintTiles';

const shade = (theme: MantineTheme, name: string, scheme: 'light' | 'dark') => {
  const [hue = 'gray', step = '5'] = name.split('.');
  // Grey squares would glare on a dark page.
  const index = hue === 'gray' && scheme === 'dark' ? 9 - Number(step) + 2 : Number(step);
  return theme.colors[hue]?.[Math.min(9, index)] ?? '#888';
};

export function tileColors(theme: MantineTheme, scheme: 'light' | 'dark'): TileColors {
  return {
    states: DEVICE_STATES.map((state) => shade(theme, DEVICE_STATE_LOOKS[state].color, scheme)),
    track: scheme === 'dark' ? theme.colors.dark[4] : theme.colors.blue[1],
    mark: '#fff',
    text: scheme === 'dark' ? '#fff' : theme.colors.dark[7],
  };
}
