import { Button, Stepper } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { topicsOf, useMe } from '@/entities/session';
import { EntranceCard } from '@/features/preferences/EntranceCard';
import { api, take } from '@/shared/api/client';
import { LiveProvider } from '@/shared/live';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { AdministratorStep } from './AdministratorStep';
import { FirstDeviceStep } from './FirstDeviceStep';
import { useTexts } from './i18n';

export default function SetupPage() {
  const t = useTexts();
  const me = useMe();
  // Asked once: it is true no more after the first step.
  const setup = useQuery({
    queryKey: ['me', 'setup'],
    queryFn: () => take(api.GET('/api/v1/setup')),
    staleTime: Infinity,
  });
  const [step, setStep] = useState(0);
  return (
    <EntranceCard title={t('title')} width={640}>
      <PageState query={setup}>
        {({ needed }) =>
          !needed && step === 0 ? (
            <EmptyState icon="check" title={t('done')} text={t('doneText')}>
              <Button component={Link} to="/login">
                {t('toLogin')}
              </Button>
            </EmptyState>
          ) : (
            <LiveProvider topics={topicsOf(me.data)}>
              <Stepper active={step} size="sm" allowNextStepsSelect={false}>
                <Stepper.Step label={t('step1')}>
                  <AdministratorStep onDone={() => setStep(1)} />
                </Stepper.Step>
                <Stepper.Step label={t('step2')}>
                  <FirstDeviceStep />
                </Stepper.Step>
              </Stepper>
            </LiveProvider>
          )
        }
      </PageState>
    </EntranceCard>
  );
}
