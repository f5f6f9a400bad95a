import type { CSSProperties } from 'react';

/** Line icons of our own on a 24 × 24 grid. They only repeat what a word beside them says: hidden from readers. */
const SHAPES = {
  overview: 'M4 13a8 8 0 0 1 16 0M12 13l4-4M4 18h16',
  rollouts: 'M4 17l5-5 4 4 7-8M15 8h5v5',
  devices: 'M3 5h13v9H3zM7 18h5M9.5 14v4M18 9h3v10h-5v-2',
  images: 'M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5',
  firmware: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  content: 'M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 5M15.5 9.5h.01',
  groups: 'M5 4h5v5H5zM14 15h5v5h-5zM5 15h5v5H5zM7.5 9v6M10 17.5h4',
  gateways: 'M12 3v6M5 21v-5h14v5M12 9v7M8 9h8M5 21h.01M12 21h.01M19 21h.01',
  monitoring: 'M3 12h4l3-7 4 14 3-7h4',
  audit: 'M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  check: 'M5 13l5 5 9-11',
  cross: 'M6 6l12 12M18 6L6 18',
  warning: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 3',
  pause: 'M9 5v14M15 5v14',
  play: 'M7 5l11 7-11 7z',
  stop: 'M6 6h12v12H6z',
  retry: 'M20 12a8 8 0 1 1-3-6.2M20 4v5h-5',
  undo: 'M4 9h10a5 5 0 0 1 0 10H9M4 9l4-4M4 9l4 4',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  upload: 'M12 20V9M7 13l5-5 5 5M4 4h16',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  copy: 'M8 8h12v12H8zM16 8V4H4v12h4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20',
  filter: 'M4 5h16l-6 8v6l-4-2v-4z',
  lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20a8 8 0 0 1 16 0',
  exit: 'M14 4H5v16h9M10 12h10M17 9l3 3-3 3',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4',
  moon: 'M19 14.5A8 8 0 0 1 9.5 5 8 8 0 1 0 19 14.5z',
  language: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18',
  up: 'M6 15l6-6 6 6',
  down: 'M6 9l6 6 6-6',
  right: 'M9 6l6 6-6 6',
  left: 'M15 6l-6 6 6 6',
  link: 'M10 14l8-8M13 6h5v5M17 14v5H5V7h5',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  edit: 'M5 19l1-4L16 5l3 3L9 18z',
  eye: 'M3 12c4-7 14-7 18 0-4 7-14 7-18 0zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  key: 'M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h9M18 12v4M15 12v3',
  shield: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4',
  circle: 'M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14z',
  dashed:
    'M5 12a7 7 0 0 1 2-5M10 5.3a7 7 0 0 1 4 0M17 7a7 7 0 0 1 2 5M17 17a7 7 0 0 0 2-5M10 18.7a7 7 0 0 0 4 0M5 12a7 7 0 0 0 2 5',
  folder: 'M3 6h6l2 3h10v10H3z',
  file: 'M7 3h7l4 4v14H7zM13 3v5h5',
  tag: 'M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01',
  columns: 'M4 5h16v14H4zM9.5 5v14M15 5v14',
  command: 'M4 6l5 5-5 5M11 17h9',
  screen: 'M3 4h18v12H3zM9 20h6M12 16v4',
  power: 'M12 3v9M7 6.5a8 8 0 1 0 10 0',
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, size = 18, style }: { name: IconName; size?: number; style?: CSSProperties }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      style={{ flex: 'none', ...style }}
    >
      <path d={SHAPES[name]} />
    </svg>
  );
}
