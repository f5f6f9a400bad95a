import { Button } from '@mantine/core';
import { Link, useLocation } from 'react-router';
import { Page } from '@/shared/ui/Page';
import { EmptyState } from '@/shared/ui/PageState';
import { useAppTexts } from '../i18n';

export function NotFoundPage() {
  const t = useAppTexts();
  const { pathname } = useLocation();
  return (
    <Page title={t('notFound')}>
      <EmptyState icon="search" title={t('notFoundText', { path: pathname })}>
        <Button component={Link} to="/" variant="light">
          {t('toOverview')}
        </Button>
      </EmptyState>
    </Page>
  );
}
