/* A program that does nothing: what starting any program costs, and what a pair of empty hooks costs. */
int main(void)
{
	return 0;
}
