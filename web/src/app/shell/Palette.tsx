import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { Icon } from '@/shared/ui/icons';
import { useAppTexts } from '../i18n';
import { locked } from './locked';
import { SECTIONS } from './sections';

const DEEPER = [
  { name: 'newRollout', path: '/rollouts/new', icon: 'plus' },
  { name: 'registerDevice', path: '/devices?register=1', icon: 'plus' },
  { name: 'registerGateway', path: '/gateways?register=1', icon: 'plus' },
  { name: 'users', path: '/settings/users', icon: 'groups' },
  { name: 'tokens', path: '/settings/tokens', icon: 'key' },
  { name: 'certificates', path: '/settings/certificates', icon: 'shield' },
] as const;

/** Ctrl-K: pages and commands by name, and what was typed as the id of a device. */
export function Palette() {
  const t = useAppTexts();
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const typed = query.trim();
  const actions: SpotlightActionData[] = [
    ...[...SECTIONS, ...DEEPER].map(({ name, path, icon }) => ({
      id: name,
      label: t(name),
      leftSection: <Icon name={icon} />,
      onClick: () => void navigate(path),
    })),
    { id: 'lock', label: t('lock'), leftSection: <Icon name="lock" />, onClick: () => locked.set(true) },
  ];
  if (typed) {
    actions.push({
      id: 'device',
      label: t('goToDevice', { text: typed }),
      keywords: typed,
      leftSection: <Icon name="devices" />,
      onClick: () => void navigate(`/devices?filter=${encodeURIComponent(typed)}`),
    });
  }
  return (
    <Spotlight
      actions={actions}
      query={query}
      onQueryChange={setQuery}
      shortcut="mod + K"
      nothingFound={t('nothingFound')}
      highlightQuery
      attributes={{ content: { 'aria-label': t('palette') } }}
      searchProps={{ 'aria-label': t('palette'), placeholder: t('paletteHint'), leftSection: <Icon name="search" /> }}
    />
  );
}
