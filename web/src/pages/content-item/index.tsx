import { Button, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { useRemoveContent } from '@/entities/content/api/changeContent';
import { useContent } from '@/entities/content/api/getContent';
import { contentKeys } from '@/entities/content/api/keys';
import type { Content } from '@/entities/content/api/listContent';
import { useShowingDevices } from '@/entities/content/api/showingDevices';
import { Permitted } from '@/entities/session/Permitted';
import { contentPart, newRolloutPath } from '@/shared/lib/rolloutLink';
import { useLiveRefresh } from '@/shared/live';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { PageState } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { AboutCard } from './AboutCard';
import { useTexts } from './i18n';
import { OriginalCard, ScreenCard } from './PictureCards';
import { ShowingCard } from './ShowingCard';

export default function ContentItemPage() {
  const { id = '' } = useParams();
  const t = useTexts();
  const query = useContent(id);
  useLiveRefresh(['artifacts'], contentKeys.all);
  const known = query.data?.content;
  return (
    <Page title={known?.title ?? t('title')} actions={known && <Actions content={known} />}>
      <PageState query={query} scope="releases:read">
        {({ content, etag }) => (
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <Stack>
              <ScreenCard content={content} />
              <OriginalCard content={content} />
            </Stack>
            <Stack>
              <AboutCard content={content} etag={etag} />
              <ShowingCard content={content} />
            </Stack>
          </SimpleGrid>
        )}
      </PageState>
    </Page>
  );
}

function Actions({ content }: { content: Content }) {
  const t = useTexts();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Permitted scope="rollouts:write">
        {(disabled) => (
          <Button
            disabled={disabled}
            leftSection={<Icon name="screen" size={16} />}
            onClick={() => void navigate(newRolloutPath([contentPart(content.id)]))}
          >
            {t('deploy')}
          </Button>
        )}
      </Permitted>
      <Permitted scope="releases:write">
        {(disabled) => (
          <Button
            variant="default"
            disabled={disabled}
            leftSection={<Icon name="trash" size={16} />}
            onClick={() => setAsking(true)}
          >
            {t('remove')}
          </Button>
        )}
      </Permitted>
      {asking && <RemoveDialog content={content} onClose={() => setAsking(false)} />}
    </>
  );
}

function RemoveDialog({ content, onClose }: { content: Content; onClose: () => void }) {
  const t = useTexts();
  const navigate = useNavigate();
  const { id, title } = content;
  const remove = useRemoveContent(id);
  const showing = useShowingDevices(id, 1).data?.total ?? 0;
  return (
    <ConfirmDialog
      opened
      title={t('removeTitle', { title })}
      action={t('remove')}
      danger
      word={showing > 0 ? title : undefined}
      command={shellLine(['stratus', 'content', 'remove', id])}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync();
        toastDone(t('removed', { title }));
        void navigate('/content');
      }}
    >
      <Text>{showing > 0 ? t('removeText', { count: showing }) : t('removeNone')}</Text>
    </ConfirmDialog>
  );
}
