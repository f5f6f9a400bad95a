import { Anchor, Button, Text } from '@mantine/core';
import { Link, useNavigate } from 'react-router';
import { imageKeys } from '@/entities/image/api/keys';
import { useImages, type Image } from '@/entities/image/api/listImages';
import { formatNumber, formatPercent, percentOf } from '@/shared/lib/format';
import { endless } from '@/shared/lib/pages';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLiveRefresh } from '@/shared/live';
import { Dialog } from '@/shared/ui/Dialog';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { Bytes } from '@/shared/ui/values';
import { VirtualTable, type Column } from '@/shared/ui/VirtualTable';
import { useTexts } from './i18n';
import { PushHelp } from './PushHelp';

const path = (name: string) => `/images/${encodeURIComponent(name)}`;

export default function ImagesPage() {
  const t = useTexts();
  const navigate = useNavigate();
  const [dialog, setDialog] = useUrlParam('dialog');
  const list = useImages();
  useLiveRefresh(['releases'], imageKeys.all);
  const columns: Column<Image>[] = [
    {
      key: 'name',
      header: t('column.name'),
      width: 'minmax(200px, 2fr)',
      render: (image) => (
        <Anchor component={Link} to={path(image.name)} size="sm" fw={600}>
          {image.name}
        </Anchor>
      ),
    },
    {
      key: 'newest',
      header: t('column.newest'),
      width: 'minmax(110px, 1fr)',
      render: (image) =>
        image.newest?.version ?? (
          <Text span size="sm" c="dimmed">
            {t('onlyPushed')}
          </Text>
        ),
    },
    {
      key: 'target',
      header: t('column.target'),
      width: 'minmax(90px, 1fr)',
      render: (image) => image.target?.version ?? '–',
    },
    {
      key: 'versions',
      header: t('column.versions'),
      width: '90px',
      align: 'right',
      render: (image) => formatNumber(image.versions),
    },
    {
      key: 'devices',
      header: t('column.devices'),
      width: '90px',
      align: 'right',
      render: (image) => formatNumber(image.devices),
    },
    {
      key: 'stored',
      header: t('column.stored'),
      width: '110px',
      align: 'right',
      render: (image) => <Bytes value={image.stored_bytes} />,
    },
    {
      key: 'shared',
      header: t('column.shared'),
      width: '190px',
      align: 'right',
      render: (image) => <Saved image={image} />,
    },
  ];
  return (
    <Page
      title={t('title')}
      actions={
        <Button variant="default" leftSection={<Icon name="upload" size={16} />} onClick={() => setDialog('push')}>
          {t('push')}
        </Button>
      }
    >
      <PageState
        query={list}
        scope="releases:read"
        isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
        empty={
          <EmptyState icon="images" title={t('empty')} text={t('emptyText')}>
            <PushHelp />
          </EmptyState>
        }
      >
        {({ pages }) => (
          <VirtualTable
            label={t('table')}
            columns={columns}
            rows={pages.flatMap(({ items }) => items)}
            rowKey={(image) => image.name}
            onOpen={(image) => void navigate(path(image.name))}
            {...endless(list)}
          />
        )}
      </PageState>
      <Dialog opened={dialog === 'push'} onClose={() => setDialog('')} title={t('how.title')} size="lg">
        <PushHelp />
      </Dialog>
    </Page>
  );
}

function Saved({ image }: { image: Image }) {
  const saved = image.full_bytes - image.stored_bytes;
  return (
    <span>
      <Bytes value={saved} /> ({formatPercent(percentOf(saved, image.full_bytes))})
    </span>
  );
}
