import { Dialog } from '@/shared/ui/Dialog';
import { useTexts } from './i18n';
import { RegisterForm } from './RegisterForm';

export function RegisterDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const t = useTexts();
  return (
    <Dialog opened={opened} onClose={onClose} title={t('dialog.title')} size="lg">
      <RegisterForm onClose={onClose} />
    </Dialog>
  );
}
