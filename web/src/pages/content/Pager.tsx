import { Group, Pagination } from '@mantine/core';
import { useTexts } from './i18n';

/** Pages that are known: the server counts none, so the last number may grow. */
export function Pager({ page, known, onPage }: { page: number; known: number; onPage: (page: number) => void }) {
  const t = useTexts();
  return (
    <Group component="nav" justify="center" aria-label={t('pages')}>
      <Pagination
        total={Math.max(known, page)}
        value={page}
        onChange={onPage}
        getItemProps={(number) => ({ 'aria-label': t('page', { page: number }) })}
        withControls={false}
      />
    </Group>
  );
}
