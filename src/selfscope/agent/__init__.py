"""The reference agent: conversations that begin cold from a State, and end by writing the next one."""
