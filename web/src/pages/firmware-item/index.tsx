import { Anchor, Button, Card, List, SimpleGrid, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useRemoveFirmware } from '@/entities/firmware/api/changeFirmware';
import { useFirmware, type VersionedFirmware } from '@/entities/firmware/api/getFirmware';
import { firmwareKeys } from '@/entities/firmware/api/keys';
import { linkFirmware } from '@/entities/firmware/api/linkFirmware';
import { useFirmwareVersions } from '@/entities/firmware/api/listFirmware';
import { Permitted } from '@/entities/session/Permitted';
import { saveFrom } from '@/shared/lib/download';
import { firmwarePart, newRolloutPath } from '@/shared/lib/rolloutLink';
import { useLiveRefresh } from '@/shared/live';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { PageState } from '@/shared/ui/PageState';
import { toastDone, toastProblem } from '@/shared/ui/toast';
import { TimeText } from '@/shared/ui/values';
import { FactsCard } from './FactsCard';
import { useTexts } from './i18n';
import { NotesCard } from './NotesCard';
import { PartsCard } from './PartsCard';

export default function FirmwareItemPage() {
  const { id = '' } = useParams();
  const t = useTexts();
  const query = useFirmware(id);
  useLiveRefresh(['artifacts'], firmwareKeys.all);
  const known = query.data?.firmware;
  return (
    <Page title={known ? `${known.name} ${known.version}` : t('title')} actions={known && <Actions firmware={known} />}>
      <PageState query={query} scope="releases:read">
        {({ firmware, etag }) => (
          <>
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <FactsCard firmware={firmware} />
              <NotesCard firmware={firmware} etag={etag} />
            </SimpleGrid>
            <PartsCard firmware={firmware} />
            <OtherVersions firmware={firmware} />
          </>
        )}
      </PageState>
    </Page>
  );
}

type Firmware = VersionedFirmware['firmware'];

function Actions({ firmware }: { firmware: Firmware }) {
  const t = useTexts();
  const navigate = useNavigate();
  const remove = useRemoveFirmware(firmware.id);
  const [asking, setAsking] = useState(false);
  const { id, name, version } = firmware;
  return (
    <>
      <Permitted scope="rollouts:write">
        {(disabled) => (
          <Button
            disabled={disabled}
            leftSection={<Icon name="rollouts" size={16} />}
            onClick={() => void navigate(newRolloutPath([firmwarePart(name, version)]))}
          >
            {t('deploy')}
          </Button>
        )}
      </Permitted>
      <Button
        variant="default"
        leftSection={<Icon name="download" size={16} />}
        onClick={() => linkFirmware(id).then(saveFrom, toastProblem)}
      >
        {t('download')}
      </Button>
      <Permitted scope="releases:write">
        {(disabled) => (
          <Button
            variant="default"
            disabled={disabled}
            leftSection={<Icon name="trash" size={16} />}
            onClick={() => setAsking(true)}
          >
            {t('withdraw')}
          </Button>
        )}
      </Permitted>
      <ConfirmDialog
        opened={asking}
        title={t('withdrawTitle', { name, version })}
        action={t('withdraw')}
        danger
        word={version}
        command={shellLine(['stratus', 'firmware', 'remove', id])}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          await remove.mutateAsync();
          toastDone(t('withdrawn', { name, version }));
          void navigate('/firmware');
        }}
      >
        <Text>{t('withdrawText')}</Text>
      </ConfirmDialog>
    </>
  );
}

function OtherVersions({ firmware }: { firmware: Firmware }) {
  const t = useTexts();
  const { data } = useFirmwareVersions(firmware.name);
  const others = data?.filter(({ id }) => id !== firmware.id) ?? [];
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('versions')}
      </Title>
      {data && others.length === 0 && <Text c="dimmed">{t('onlyOne', { name: firmware.name })}</Text>}
      <List spacing={4}>
        {others.slice(0, 20).map((one) => (
          <List.Item key={one.id}>
            <Anchor component={Link} to={`/firmware/${encodeURIComponent(one.id)}`}>
              {one.version}
            </Anchor>{' '}
            <Text span size="sm" c="dimmed">
              <TimeText value={one.created_at} style="short" />
            </Text>
          </List.Item>
        ))}
      </List>
    </Card>
  );
}
