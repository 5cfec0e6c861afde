/* online.h - commands that ask the running host. */
#ifndef COMMAND_ONLINE_H
#define COMMAND_ONLINE_H

#include "command/command.h"

int command_ping(struct cli *);
int command_authorize(struct cli *);
int command_qwc(struct cli *);
int command_sync(struct cli *);
int command_status(struct cli *);
int command_list(struct cli *);
int command_go(struct cli *);
int command_pause(struct cli *);
int command_resume(struct cli *);
int command_links(struct cli *);
int command_link(struct cli *);
int command_unlink(struct cli *);
int command_visits(struct cli *);
int command_story(struct cli *);
int command_plan(struct cli *);
int command_replay(struct cli *);
int command_release(struct cli *);
int command_decide(struct cli *);
int command_reconcile(struct cli *);
int command_audit(struct cli *);
int command_backup(struct cli *);
int command_erase(struct cli *);
int command_key(struct cli *);
int command_reload(struct cli *);
int command_secret(struct cli *); /* without a host: straight into the vault */

#endif
