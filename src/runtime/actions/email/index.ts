// The Email actions: sending through SMTP (smtp.ts), retrieving and processing through IMAP (imap.ts).
import type { ActionDefinition } from '../../action.ts';
import { type Processing, processEmails, retrieveEmails } from './imap.ts';
import { sendEmail } from './smtp.ts';

const processings: Readonly<Record<string, Processing>> = {
  Delete: { unread: false, move: false, delete: true },
  MarkAsUnread: { unread: true, move: false, delete: false },
  MarkAsUnreadAndMove: { unread: true, move: true, delete: false },
  Move: { unread: false, move: true, delete: false },
};

export const emailActions: readonly ActionDefinition[] = [
  { id: 'Email.SendEmail.Send', run: (args, context) => sendEmail(args, context, false) },
  { id: 'Email.SendEmail.AuthenticateAndSend', run: (args, context) => sendEmail(args, context, true) },
  { id: 'Email.RetrieveEmails.Retrieve', run: (args, context) => retrieveEmails(args, context, false) },
  {
    id: 'Email.RetrieveEmails.RetrieveAndSaveAttachments',
    run: (args, context) => retrieveEmails(args, context, true),
  },
  ...Object.entries(processings).map(
    ([variant, todo]): ActionDefinition => ({
      id: `Email.ProcessEmails.${variant}`,
      run: (args, context) => processEmails(args, context, todo),
    }),
  ),
];
