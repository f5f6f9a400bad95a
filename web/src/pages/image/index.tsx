import { Stack } from '@mantine/core';
import { useParams } from 'react-router';
import { imageKeys } from '@/entities/image/api/keys';
import { useImage } from '@/entities/image/api/listImages';
import { useLiveRefresh } from '@/shared/live';
import { Page } from '@/shared/ui/Page';
import { PageState } from '@/shared/ui/PageState';
import { CompareCard } from './CompareCard';
import { useTexts } from './i18n';
import { TagsCard } from './TagsCard';
import { VersionsCard } from './VersionsCard';

export default function ImagePage() {
  const { name = '' } = useParams();
  const t = useTexts();
  const query = useImage(name);
  useLiveRefresh(['releases', 'devices'], imageKeys.one(name), 3000);
  const image = query.data;
  const target = image?.target ? t('target', { version: image.target.version }) : t('noTarget');
  return (
    <Page title={name} subtitle={image && `${t('summary', { count: image.devices })} · ${target}`}>
      <PageState query={query} scope="releases:read">
        {(image) => (
          <Stack>
            <VersionsCard image={image} />
            {image.versions.length > 1 && <CompareCard image={image} />}
            <TagsCard image={image} />
          </Stack>
        )}
      </PageState>
    </Page>
  );
}
