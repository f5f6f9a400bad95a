import { Anchor, Button, SegmentedControl } from '@mantine/core';
import { Link, useNavigate, useParams } from 'react-router';
import { Permitted } from '@/entities/session/Permitted';
import { newRolloutPath } from '@/shared/lib/rolloutLink';
import { useUrlParam } from '@/shared/lib/urlState';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { DiffView } from './DiffView';
import { useTexts } from './i18n';
import { LayersView } from './LayersView';

/** The layer explorer: what a version consists of, or what differs from another one. */
export default function ImageLayersPage() {
  const { name = '', digest: version = '' } = useParams();
  const t = useTexts();
  const navigate = useNavigate();
  const [view, setView] = useUrlParam('view', 'layers');
  return (
    <Page
      title={t('title', { name, version })}
      subtitle={
        <>
          {t('subtitle')} ·{' '}
          <Anchor component={Link} underline="always" to={`/images/${encodeURIComponent(name)}`}>
            {t('back')}
          </Anchor>
        </>
      }
      actions={
        <Permitted scope="rollouts:write">
          {(disabled) => (
            <Button
              disabled={disabled}
              leftSection={<Icon name="rollouts" size={16} />}
              onClick={() => void navigate(newRolloutPath([{ name, version }]))}
            >
              {t('deploy')}
            </Button>
          )}
        </Permitted>
      }
    >
      <SegmentedControl
        aria-label={t('view')}
        style={{ alignSelf: 'flex-start' }}
        data={[
          { value: 'layers', label: t('views.layers') },
          { value: 'diff', label: t('views.diff') },
        ]}
        value={view === 'diff' ? 'diff' : 'layers'}
        onChange={setView}
      />
      {view === 'diff' ? <DiffView name={name} version={version} /> : <LayersView name={name} version={version} />}
    </Page>
  );
}
