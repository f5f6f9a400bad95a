import { shellLine } from '@/shared/ui/CopyAsCli';

interface Wish {
  name: string;
  display: string;
  roles: readonly string[];
  disabled: boolean;
  password: string;
}

const rolesOf = (roles: readonly string[]) => roles.flatMap((role) => ['--role', role]);

/** Asks for the password where one is needed: none belongs into a line that a shell remembers. */
export function createUserCommand({ name, display, roles }: Wish): string {
  const named = display ? ['--display', display] : [];
  return shellLine(['stratus', 'user', 'create', name.trim() || 'NAME', ...rolesOf(roles), ...named]);
}

/** Nothing where `stratus user set` has no word for it: a name for people or roles that are taken away altogether. */
export function changeUserCommand(before: Omit<Wish, 'password'>, wish: Wish): string | undefined {
  const roles = before.roles.join() !== wish.roles.join();
  const display = before.display !== wish.display;
  if ((roles && wish.roles.length === 0) || (display && !wish.display)) return undefined;
  return shellLine([
    'stratus',
    'user',
    'set',
    before.name,
    ...(roles ? rolesOf(wish.roles) : []),
    ...(display ? ['--display', wish.display] : []),
    ...(before.disabled === wish.disabled ? [] : [wish.disabled ? '--disable' : '--enable']),
    ...(wish.password ? ['--password-file', '-'] : []),
  ]);
}
