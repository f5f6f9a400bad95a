import { Button, Group, Menu, SimpleGrid, Stack, Tabs, Text } from '@mantine/core';
import { Suspense, useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { useDevice, useDeviceLive } from '@/entities/device/api/getDevice';
import { deviceKeys } from '@/entities/device/api/keys';
import type { Device } from '@/entities/device/api/listDevices';
import { HealthBadge } from '@/entities/device/ui/badges';
import { Permitted } from '@/entities/session/Permitted';
import { ActionMenu } from '@/features/bulk-devices/ActionMenu';
import { BulkDialog } from '@/features/bulk-devices/BulkDialog';
import type { BulkAction } from '@/features/bulk-devices/actions';
import { lazyPart } from '@/shared/lib/loadPart';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLiveRefresh } from '@/shared/live';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { LoadingRows, PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';
import { CertificateCard } from './ui/CertificateCard';
import { CheckNowDialog } from './ui/CheckNowDialog';
import { ContentTab } from './ui/ContentTab';
import { EditDialog } from './ui/EditDialog';
import { IdentityCard } from './ui/IdentityCard';
import { LogTab } from './ui/LogTab';
import { SoftwareCard } from './ui/SoftwareCard';
import { TimelineTab } from './ui/TimelineTab';
import { WhyCard } from './ui/WhyCard';

const MetricsTab = lazyPart(() => import('./ui/MetricsTab'));
const TABS = ['overview', 'timeline', 'metrics', 'content', 'log'] as const;
const TOPICS = ['devices', 'telemetry', 'rollouts', 'certificates'] as const;

export default function DevicePage() {
  const { id = '' } = useParams();
  const t = useTexts();
  const [tab, setTab] = useUrlParam('tab', 'overview');
  const query = useDevice(id);
  useLiveRefresh(TOPICS, deviceKeys.one(id), 1500);
  return (
    <Page
      title={query.data?.label || id}
      subtitle={query.data && <Subtitle device={query.data} />}
      actions={query.data && <Actions device={query.data} />}
    >
      <PageState query={query} scope="devices:read">
        {(device) => (
          <Tabs value={tab} onChange={(value) => setTab(value ?? 'overview')} keepMounted={false}>
            <Tabs.List mb="md">
              {TABS.map((one) => (
                <Tabs.Tab key={one} value={one}>
                  {t(`tabs.${one}`)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            <Tabs.Panel value="overview">
              <SimpleGrid cols={{ base: 1, lg: 2 }}>
                <Stack>
                  <SoftwareCard device={device} />
                  <WhyCard id={device.id} />
                </Stack>
                <Stack>
                  <IdentityCard device={device} />
                  <CertificateCard id={device.id} />
                </Stack>
              </SimpleGrid>
            </Tabs.Panel>
            <Tabs.Panel value="timeline">
              <TimelineTab id={device.id} />
            </Tabs.Panel>
            <Tabs.Panel value="metrics">
              <Suspense fallback={<LoadingRows />}>
                <MetricsTab id={device.id} />
              </Suspense>
            </Tabs.Panel>
            <Tabs.Panel value="content">
              <ContentTab id={device.id} />
            </Tabs.Panel>
            <Tabs.Panel value="log">
              <LogTab id={device.id} />
            </Tabs.Panel>
          </Tabs>
        )}
      </PageState>
    </Page>
  );
}

function Subtitle({ device }: { device: Device }) {
  const t = useTexts();
  const live = useDeviceLive(device.id).data;
  return (
    <Group gap="xs">
      {device.label && device.label !== device.id && (
        <Text span ff="monospace" size="sm">
          {device.id}
        </Text>
      )}
      {live && <HealthBadge health={healthOf(live.online, device)} />}
      {!device.active && <StatusBadge tone="warning" label={t('inactive')} />}
      <Text span size="sm">
        {t('lastHeard')} <TimeText value={Math.max(device.last_seen_ms, live?.seen ? Date.parse(live.seen) : 0)} ago />
      </Text>
    </Group>
  );
}

/** The same words as the overview counts by. */
function healthOf(online: boolean, { state, last_seen_ms }: Device) {
  if (!online) return last_seen_ms ? 'offline' : 'never';
  return state === 'failed' || state === 'rolled_back' ? 'degraded' : 'online';
}

const MENU: BulkAction[] = ['activate', 'deactivate', 'revoke', 'remove'];

function Actions({ device }: { device: Device }) {
  const t = useTexts();
  const navigate = useNavigate();
  const [editing, setEditing] = useState(false);
  const [checking, setChecking] = useState(false);
  const [action, setAction] = useState<BulkAction | null>(null);
  const left: BulkAction = device.active ? 'activate' : 'deactivate';
  return (
    <>
      <Permitted scope="rollouts:write">
        {(disabled) => (
          <Button
            leftSection={<Icon name="rollouts" size={16} />}
            disabled={disabled}
            onClick={() => void navigate(`/rollouts/new?device=${encodeURIComponent(device.id)}`)}
          >
            {t('update')}
          </Button>
        )}
      </Permitted>
      <Permitted scope="devices:write">
        {(disabled) => (
          <Button
            variant="default"
            leftSection={<Icon name="edit" size={16} />}
            disabled={disabled}
            onClick={() => setEditing(true)}
          >
            {t('edit')}
          </Button>
        )}
      </Permitted>
      <ActionMenu actions={MENU.filter((one) => one !== left)} onChoose={setAction}>
        <Menu.Item onClick={() => setChecking(true)}>{t('checkNow.title')}</Menu.Item>
      </ActionMenu>
      {checking && <CheckNowDialog id={device.id} onClose={() => setChecking(false)} />}
      {editing && <EditDialog device={device} onClose={() => setEditing(false)} />}
      {action && (
        <BulkDialog
          action={action}
          count={1}
          devices={[device]}
          selection={{ filter: '', saved: '' }}
          onClose={(changed) => {
            setAction(null);
            if (changed && action === 'remove') void navigate('/devices');
          }}
        />
      )}
    </>
  );
}
