import { Button, SimpleGrid, Skeleton, Stack } from '@mantine/core';
import { Link } from 'react-router';
import { useOverview } from '@/entities/overview';
import { useCan } from '@/entities/session';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { Alerts } from './Alerts';
import { BytesMoved } from './BytesMoved';
import { Gateways } from './Gateways';
import { Compliance, Health } from './HealthCards';
import { useTexts } from './i18n';
import { RecentChanges } from './RecentChanges';
import { RolloutsUnderWay } from './RolloutsUnderWay';
import { Spread } from './Spread';

export default function OverviewPage() {
  const t = useTexts();
  const seesAudit = useCan()('audit:read');
  const overview = useOverview();
  return (
    <Page
      title={t('title')}
      subtitle={
        overview.data && (
          <>
            {t('counted')} <TimeText value={overview.data.at} ago />
          </>
        )
      }
    >
      <PageState
        query={overview}
        scope="devices:read"
        loading={<Loading />}
        isEmpty={({ devices }) => devices.total === 0}
        empty={
          <EmptyState icon="devices" title={t('emptyTitle')} text={t('emptyText')}>
            <Button component={Link} to="/devices?register=1">
              {t('register')}
            </Button>
          </EmptyState>
        }
      >
        {(data) => (
          <Stack>
            <Alerts alerts={data.alerts} rollouts={data.rollouts.items} />
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              <Health devices={data.devices} />
              <Compliance devices={data.devices} />
              <BytesMoved bytes={data.bytes} />
            </SimpleGrid>
            <SimpleGrid cols={{ base: 1, lg: 2 }}>
              <Stack>
                <RolloutsUnderWay rollouts={data.rollouts} />
                <Gateways gateways={data.gateways} />
              </Stack>
              <Stack>
                <Spread releases={data.releases} />
                {seesAudit && <RecentChanges />}
              </Stack>
            </SimpleGrid>
          </Stack>
        )}
      </PageState>
    </Page>
  );
}

function Loading() {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} role="status">
      {[1, 2, 3, 4, 5, 6].map((card) => (
        <Skeleton key={card} height={200} />
      ))}
    </SimpleGrid>
  );
}
