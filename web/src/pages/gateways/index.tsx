import { Button, Card, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Permitted } from '@/entities/session/Permitted';
import { RegisterDialog } from '@/features/register-device/RegisterDialog';
import { api, take } from '@/shared/api/client';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLiveRefresh } from '@/shared/live';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { curlLine } from '@/shared/ui/CopyAsCli';
import { Icon } from '@/shared/ui/icons';
import { MoreButton } from '@/shared/ui/MoreButton';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { useTexts } from './i18n';
import { gatewayKeys, useGateways } from './model';
import { GatewayCard } from './ui/GatewayCard';
import { Topology } from './ui/Topology';

const TOPICS = ['gateways'] as const;

export default function GatewaysPage() {
  const t = useTexts();
  const query = useGateways();
  const [registering, setRegistering] = useUrlParam('register');
  const [forgetting, setForgetting] = useState<string | null>(null);
  useLiveRefresh(TOPICS, gatewayKeys, 2000);
  const gateways = query.data?.pages.flatMap((page) => page.items) ?? [];
  const direct = useQuery({
    queryKey: [...gatewayKeys, 'direct'],
    queryFn: () =>
      take(api.GET('/api/v1/device-counts', { params: { query: { by: 'kind', filter: 'gateway=- active=yes' } } })),
  }).data?.counts.reduce((sum, { devices }) => sum + devices, 0);
  const register = (
    <Permitted scope="devices:write">
      {(disabled) => (
        <Button leftSection={<Icon name="plus" size={16} />} disabled={disabled} onClick={() => setRegistering('1')}>
          {t('register')}
        </Button>
      )}
    </Permitted>
  );
  return (
    <Page title={t('title')} subtitle={t('subtitle')} actions={register}>
      <PageState
        query={query}
        scope="devices:read"
        isEmpty={() => gateways.length === 0}
        empty={<EmptyState icon="gateways" title={t('empty')} text={t('emptyText')} />}
      >
        {() => (
          <Stack>
            <Card withBorder>
              <Title order={2} size="h5" mb="xs">
                {t('topology')}
              </Title>
              <Topology gateways={gateways} direct={direct} />
            </Card>
            <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
              {gateways.map((gateway) => (
                <GatewayCard key={gateway.id} gateway={gateway} onForget={() => setForgetting(gateway.id)} />
              ))}
            </SimpleGrid>
            <MoreButton list={query} />
          </Stack>
        )}
      </PageState>
      <RegisterDialog opened={registering !== ''} kind="gateway" onClose={() => setRegistering('')} />
      {forgetting !== null && <ForgetDialog id={forgetting} onClose={() => setForgetting(null)} />}
    </Page>
  );
}

function ForgetDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTexts();
  const client = useQueryClient();
  const path = { id };
  return (
    <ConfirmDialog
      opened
      danger
      title={t('forget', { name: id })}
      action={t('forget', { name: id })}
      curl={curlLine('DELETE', `/api/v1/gateways/${encodeURIComponent(id)}`)}
      onConfirm={async () => {
        await take(api.DELETE('/api/v1/gateways/{id}', { params: { path } }));
        void client.invalidateQueries({ queryKey: gatewayKeys });
        toastDone(t('forgotten', { name: id }));
      }}
      onClose={onClose}
    >
      <Text size="sm">{t('forgetText')}</Text>
    </ConfirmDialog>
  );
}
