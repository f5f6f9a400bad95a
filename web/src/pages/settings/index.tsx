import { Page } from '@/shared/ui/Page';
import { EmptyState } from '@/shared/ui/PageState';
import { useTexts } from './i18n';

export default function SettingsPage() {
  const t = useTexts();
  return (
    <Page title={t('title')}>
      <EmptyState title={t('soon')} />
    </Page>
  );
}
