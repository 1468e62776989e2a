/** Who Fairlead's own commits are by. What an agent commits itself names the agent as well. */
export const fairlead = { name: "Fairlead", email: "fairlead@localhost" } as const;

/** For a process that may commit where nobody has told git who they are. */
export function committerVariables(agent: string): Record<string, string> {
  const name = `${fairlead.name} (${agent})`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: fairlead.email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: fairlead.email,
  };
}
