import { Badge, Button, createTheme, Menu, Tooltip, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'blue',
  // White on a lighter blue is 4.2 : 1.
  primaryShade: { light: 8, dark: 8 },
  // The system's own fonts: a Korean web font would be 3.7 MB.
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans CJK KR", "Noto Sans KR", sans-serif',
  defaultRadius: 'sm',
  components: {
    // Names of versions and tags are shown as they are written.
    Badge: Badge.extend({ styles: { root: { textTransform: 'none', fontWeight: 600 } } }),
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    // Its placeholder is no child that a menu may have; the first item takes the focus instead.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 200, multiline: true, maw: 360 } }),
  },
});

/** Dimmed texts and light badges of Mantine have too little contrast (WCAG AA: 4.5 : 1). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5a6169',
    '--mantine-color-placeholder': '#6b727a',
    '--mantine-color-green-light-color': '#1b5e26',
    '--mantine-color-orange-light-color': '#8a3a05',
    '--mantine-color-red-light-color': '#a61e1e',
    '--mantine-color-blue-light-color': '#11519c',
    '--mantine-color-gray-light-color': '#42484f',
    '--mantine-color-indigo-light-color': '#3242a8',
  },
  dark: {
    '--mantine-color-dimmed': '#a4abb3',
    '--mantine-color-placeholder': '#979ea6',
    '--mantine-color-green-light-color': '#8ce99a',
    '--mantine-color-orange-light-color': '#ffc078',
    '--mantine-color-red-light-color': '#ffb3b3',
    '--mantine-color-blue-light-color': '#a5d0fb',
    '--mantine-color-gray-light-color': '#ced4da',
    '--mantine-color-indigo-light-color': '#bac8ff',
  },
});
